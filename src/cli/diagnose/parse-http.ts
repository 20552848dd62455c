import { Buffer } from 'node:buffer';
import { CaptureError, describePlace, headerValues, type Capture } from './capture.js';
import { decodeChunks } from './chunks.js';
import { maxGuessedBytes } from './body-guesses.js';
import { guessOriginals, type OriginalGuess } from '../../verify/originals.js';

const requestLine = /^([A-Za-z]+) (\S+)(?: HTTP\/\d(?:\.\d)?)?$/;
// The colon before the name: pseudo-headers of HTTP/2, as browsers show them.
const headerLine = /^(:?[!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/s;
const maxHeaders = 1_000;

/** Tells whether a line can begin a request. */
export function startsRequest(line: string): boolean {
  return requestLine.test(line) || headerLine.test(line);
}

interface Head {
  method?: string;
  url?: string;
  readonly headers: [name: string, value: string][];
  /** The offset of the first byte of the body. */
  end: number;
}

function addLine(head: Head, line: string, fail: (problem: string) => never): void {
  const isFirst = head.headers.length === 0 && head.method === undefined;
  const request = isFirst ? requestLine.exec(line) : null;
  if (request) {
    [, head.method, head.url] = request as unknown as [string, string, string];
    return;
  }
  const last = head.headers.at(-1);
  if (last && /^[ \t]/.test(line)) {
    last[1] = `${last[1]} ${line.trim()}`;
    return;
  }
  const header = headerLine.exec(line);
  if (!header) {
    if (/^HTTP\/\d/.test(line)) fail('this is a response. Capture the request.');
    fail('neither a header ("Name: value") nor the empty line before the body.');
  }
  const [, name = '', value = ''] = header as unknown as string[];
  if (name === ':method') head.method = value.trim();
  else if (name === ':path') head.url = value.trim();
  if (!name.startsWith(':')) head.headers.push([name, value.trim()]);
  if (head.headers.length > maxHeaders) fail(`more than ${maxHeaders} headers.`);
}

function readHead(bytes: Uint8Array, from: number): Head {
  const head: Head = { headers: [], end: bytes.length };
  for (let start = from; start < bytes.length;) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    const line = Buffer.from(bytes.subarray(start, end)).toString('utf8').replace(/\r$/, '');
    const next = Math.min(bytes.length, end + 1);
    if (line === '') {
      head.end = next;
      break;
    }
    addLine(head, line, (problem) => {
      throw new CaptureError('raw HTTP', problem, describePlace(bytes, start));
    });
    start = next;
  }
  return head;
}

/** Changed line endings or encodings make a body longer than its declared length, so the cut body is the wrong one to guess from. */
function guessFromRest(rest: Uint8Array): OriginalGuess[] {
  if (rest.length > maxGuessedBytes) return [];
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(rest);
  return [...guessOriginals(rest, text, maxGuessedBytes)].map((guess) => ({
    ...guess,
    name: `with the bytes after Content-Length, ${guess.name}`,
  }));
}

/** Cuts the body where the request ends, by Content-Length. The rest of the file is often a line break that an editor added. */
function cutBody(head: Head, rest: Uint8Array): Pick<Capture, 'body' | 'notes' | 'guesses'> {
  const [declared = '', ...others] = headerValues(head, 'content-length');
  const length = Number(declared);
  const isDeclared = /^\d+$/.test(declared) && others.length === 0;
  if (!isDeclared || rest.length <= length) return { body: rest, notes: [], guesses: [] };
  const hint =
    `Content-Length says ${length} bytes, but ${rest.length} were signed: the header was changed or kept from another body. ` +
    'A receiver reads too little of this request.';
  return {
    body: rest.subarray(0, length),
    notes: [
      `The capture has ${rest.length - length} more bytes after the body of ${length} bytes (Content-Length). They are not part of the request.`,
    ],
    guesses: [{ name: 'with the bytes after Content-Length', original: rest, hint }, ...guessFromRest(rest)],
  };
}

/** Reads a request as it is on the wire: an optional request line, headers, an empty line, and the exact bytes of the body. */
export function parseHttp(bytes: Uint8Array, start: number): Capture {
  const head = readHead(bytes, start);
  const { method, url, headers } = head;
  const rest = bytes.subarray(head.end);
  const isChunked = headerValues(head, 'transfer-encoding').some((value) => /\bchunked\s*$/i.test(value));
  const content = isChunked ? decodeChunks(bytes, head.end) : cutBody(head, rest);
  return { format: 'raw HTTP', method, url, headers, ...content };
}
