import { Buffer } from 'node:buffer';
import { CaptureError, describePlace, maxCaptureBytes, type Capture } from './capture.js';
import { shortWithValue, withValue } from './curl-options.js';
import { ShellFault, splitShellWords, type ShellWord } from './shell-words.js';
import type { OriginalGuess } from '../../verify/originals.js';

/** Reads a file that the command names. The reader rejects devices and large files. */
export type ReadFile = (path: string) => Promise<Uint8Array>;

interface Part {
  /** The bytes that curl sends. */
  readonly sent: Uint8Array;
  /** The bytes of the file, if curl changes them. */
  readonly file: Uint8Array;
}

interface CurlRequest {
  method?: string;
  url?: string;
  readonly headers: [name: string, value: string][];
  readonly parts: Part[];
  /** The bytes of all parts, as they are in the files. */
  length: number;
  isJson: boolean;
}

type Fail = (problem: string) => never;

const toBytes = (word: string): Uint8Array => Buffer.from(word, 'latin1');
const toText = (word: string): string => Buffer.from(word, 'latin1').toString('utf8');

async function readPart(option: string, value: string, readFile: ReadFile, fail: Fail): Promise<Part> {
  if (!value.startsWith('@') || option === '--data-raw') {
    const sent = toBytes(value);
    return { sent, file: sent };
  }
  const path = toText(value.slice(1));
  if (path === '-') fail(`${option} @- reads standard input, which the capture does not have. Name a file.`);
  const file = await readFile(path);
  // curl removes line breaks and NUL from a file of --data, not of --data-binary.
  const isExact = option === '--data-binary' || option === '--json';
  return { sent: isExact ? file : file.filter((byte) => byte !== 0x0a && byte !== 0x0d && byte !== 0), file };
}

/** Adds to the body. Its length is bounded as a whole, because a short command can name a large file many times. */
async function addPart(
  request: CurlRequest,
  [option, value]: readonly [string, string],
  readFile: ReadFile,
  fail: Fail,
): Promise<void> {
  const part = await readPart(option, value, readFile, fail);
  request.parts.push(part);
  request.length += part.file.length;
  if (request.length > maxCaptureBytes) fail(`a body that is larger than ${maxCaptureBytes} bytes.`);
}

function addHeader({ headers }: CurlRequest, text: string, fail: Fail): void {
  if (text.startsWith('@')) fail('headers from a file cannot be read. Write them in the command.');
  const [, name, separator, value = ''] = /^([^:;]+)([:;])(.*)$/s.exec(text) ?? [];
  if (name === undefined) fail('a header without a colon.');
  else if (separator === ';' || value.trim() !== '') headers.push([name.trim(), value.trim()]);
}

async function applyOption(
  request: CurlRequest,
  [option, value]: readonly [string, string],
  readFile: ReadFile,
  fail: Fail,
): Promise<void> {
  switch (option) {
    case '--header':
      addHeader(request, toText(value), fail);
      break;
    case '--request':
      request.method = toText(value);
      break;
    case '--url':
      request.url = toText(value);
      break;
    case '--json':
      request.isJson = true;
      await addPart(request, [option, value], readFile, fail);
      break;
    case '--data':
    case '--data-ascii':
    case '--data-binary':
    case '--data-raw':
      await addPart(request, [option, value], readFile, fail);
      break;
    case '--data-urlencode':
    case '--form':
    case '--upload-file':
      fail(`the body of ${option} cannot be restored. Use --data-binary with the exact body.`);
      break;
    default:
  }
}

const longNames: Readonly<Record<string, string>> = {
  d: '--data',
  F: '--form',
  H: '--header',
  T: '--upload-file',
  X: '--request',
};

/** Yields the options of a command with their values. URLs are given as `--url`. */
function* options(
  words: readonly ShellWord[],
  fail: (offset: number, problem: string) => never,
): Generator<{ option: string; value: string; offset: number }> {
  for (let at = 1; at < words.length; at += 1) {
    const { text, offset } = words[at] as ShellWord;
    const valueOf = (): string => {
      at += 1;
      return words[at]?.text ?? fail(offset, 'an option without its value.');
    };
    if (text.startsWith('--')) {
      yield { option: text, value: withValue.has(text) ? valueOf() : '', offset };
    } else if (!text.startsWith('-') || text === '-') {
      yield { option: '--url', value: text, offset };
    } else {
      // Short options can share a dash (-sS), and the value of the last can follow at once (-XPOST).
      for (let position = 1; position < text.length; position += 1) {
        const letter = text.charAt(position);
        if (!shortWithValue.has(letter)) continue;
        const value = position + 1 < text.length ? text.slice(position + 1) : valueOf();
        yield { option: longNames[letter] ?? `-${letter}`, value, offset };
        break;
      }
    }
  }
}

function join(parts: readonly Uint8Array[], separator: string): Uint8Array {
  return Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from(separator), part])));
}

function toCapture({ method, url, headers, parts, isJson }: CurlRequest): Capture {
  const separator = isJson ? '' : '&';
  const body = join(
    parts.map(({ sent }) => sent),
    separator,
  );
  const file = join(
    parts.map(({ file }) => file),
    separator,
  );
  const guess: OriginalGuess = {
    name: 'with the line breaks of the file',
    original: file,
    hint: 'curl removes line breaks from the file of -d (--data). Use --data-binary @FILE.',
  };
  return {
    format: 'a curl command',
    method: method ?? (parts.length > 0 ? 'POST' : 'GET'),
    url,
    headers,
    body,
    notes: parts.length === 0 ? ['The command has no body (--data-raw, --data-binary).'] : [],
    guesses: Buffer.compare(body, file) === 0 ? [] : [guess],
  };
}

/** Reads a curl command. Files are read as curl reads them. */
export async function parseCurl(bytes: Uint8Array, start: number, readFile: ReadFile): Promise<Capture> {
  const fail = (offset: number, problem: string): never => {
    throw new CaptureError('a curl command', problem, describePlace(bytes, offset));
  };
  let words: readonly ShellWord[];
  try {
    words = splitShellWords(bytes, start);
  } catch (error) {
    if (!(error instanceof ShellFault)) throw error;
    return fail(error.offset, `${error.problem}.`);
  }
  const windows = words.find(({ text }) => text === '^' || text.startsWith('^"'));
  if (windows) fail(windows.offset, 'a command for cmd.exe of Windows. Choose "Copy as cURL (bash)".');
  const request: CurlRequest = { headers: [], parts: [], length: 0, isJson: false };
  for (const { option, value, offset } of options(words, fail)) {
    await applyOption(request, [option, value], readFile, (problem) => fail(offset, problem));
  }
  return toCapture(request);
}
