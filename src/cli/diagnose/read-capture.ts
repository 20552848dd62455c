import { Buffer } from 'node:buffer';
import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError, exitCodes } from '../cli-error.js';
import type { CliContext } from '../context.js';
import { maxCaptureBytes, type Capture } from './capture.js';
import { parseCurl } from './parse-curl.js';
import { parseHttp, startsRequest } from './parse-http.js';
import { parseJson } from './parse-json.js';

/** Reads a file that a curl command names. Its errors have the path as it is. Devices and pipes are rejected, because the command may be somebody else's. */
async function readBodyFile({ cwd }: CliContext, path: string): Promise<Uint8Array> {
  try {
    // Before it is opened: opening a named pipe waits for its writer.
    const stats = await stat(resolve(cwd, path));
    if (!stats.isFile()) throw new CliError(`${path}, the body of the curl command, is not a regular file.`);
    if (stats.size > maxCaptureBytes) {
      throw new CliError(`${path}, the body of the curl command, is larger than ${maxCaptureBytes} bytes.`);
    }
    return await readFile(resolve(cwd, path));
  } catch (error) {
    if (error instanceof CliError) throw error;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new CliError(`${path}, the body of the curl command, cannot be read (${code}).`, exitCodes.usage);
  }
}

const utf16Note = 'The capture was UTF-16, as the > of PowerShell writes it, and was converted to UTF-8.';

/** Removes a byte order mark, and converts UTF-16. */
function normalise(bytes: Uint8Array): { bytes: Uint8Array; notes: string[] } {
  const [first, second, third] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  if (isLittle || (first === 0xfe && second === 0xff)) {
    const text = new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be').decode(bytes);
    return { bytes: Buffer.from(text, 'utf8'), notes: [utf16Note] };
  }
  const hasMark = first === 0xef && second === 0xbb && third === 0xbf;
  return { bytes: hasMark ? bytes.subarray(3) : bytes, notes: [] };
}

function countSpace(bytes: Uint8Array): number {
  const start = bytes.findIndex((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  return start < 0 ? bytes.length : start;
}

/**
 * Recognises the format of a capture and reads the requests in it.
 *
 * @throws CliError for a capture that cannot be read
 */
export async function readCapture(context: CliContext, input: Uint8Array): Promise<readonly Capture[]> {
  const { bytes, notes } = normalise(input);
  const offset = countSpace(bytes);
  const start = Buffer.from(bytes.subarray(offset, offset + 4_096)).toString('utf8');
  const add = (capture: Capture): Capture => ({ ...capture, notes: [...notes, ...capture.notes] });
  if (/^[{[]/.test(start)) return parseJson(Buffer.from(bytes).toString('utf8')).map(add);
  const [prompt = ''] = /^(?:[$%>#][ \t]+)?(?=curl(?:\.exe)?\s)/.exec(start) ?? [];
  if (/^curl(?:\.exe)?\s/.test(start.slice(prompt.length))) {
    return [add(await parseCurl(bytes, offset + prompt.length, (path) => readBodyFile(context, path)))];
  }
  const [line = ''] = start.split(/\r?\n/, 1);
  if (startsRequest(line)) return [add(parseHttp(bytes, offset))];
  throw new CliError(
    start === ''
      ? 'The capture is empty.'
      : 'The capture is in none of the known formats, reading stopped at line 1. Expected raw HTTP ("POST /path HTTP/1.1" or ' +
          '"Name: value"), a HAR file, a curl command, or a JSON object with headers and body.',
  );
}
