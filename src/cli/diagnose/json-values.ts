import { Buffer } from 'node:buffer';
import { CaptureError, type Capture, type CaptureFormat } from './capture.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Returns a time in milliseconds since 1970, from ISO 8601 or from such a number. */
export function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? value : NaN;
  return Number.isFinite(ms) ? ms : undefined;
}

/** Returns a header's value or values as pairs. Values that are not text are left out. */
function pairsOf(name: string, value: unknown): [string, string][] {
  const values: unknown[] = Array.isArray(value) ? value : [value];
  return values
    .filter((each) => typeof each === 'string' || typeof each === 'number')
    .map((each) => [name, String(each)]);
}

/** Reads headers as an object, as a list of `{ name, value }`, as pairs, or as Node's flat `rawHeaders`. */
export function headersOf(value: unknown): [string, string][] {
  if (isObject(value)) return Object.entries(value).flatMap(([name, each]) => pairsOf(name, each));
  if (!Array.isArray(value)) return [];
  const list = value as unknown[];
  if (list.every((each) => typeof each === 'string')) {
    return list.flatMap((name, at) => (at % 2 === 0 ? pairsOf(name, list[at + 1]) : []));
  }
  return list.flatMap((each) => {
    if (Array.isArray(each) && typeof each[0] === 'string') return pairsOf(each[0], each[1]);
    return isObject(each) && typeof each.name === 'string' ? pairsOf(each.name, each.value) : [];
  });
}

type Content = Pick<Capture, 'body' | 'notes' | 'guesses' | 'suspicion'>;

function decodeBase64(text: string, format: CaptureFormat, position?: string): Uint8Array {
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text.replace(/\s/g, ''))) {
    throw new CaptureError(format, 'the body is marked as base64, but has other characters.', position);
  }
  return Buffer.from(text, 'base64');
}

/** Reads a body: text, base64, the JSON of a Buffer, or the object that a body parser made. */
export function contentOf(
  value: unknown,
  isBase64: boolean,
  format: CaptureFormat,
  position?: string,
): Content {
  const none = { notes: [], guesses: [] };
  if (typeof value === 'string') {
    if (isBase64) return { ...none, body: decodeBase64(value, format, position) };
    const isWellFormed = !/\p{Surrogate}/u.test(value);
    const note =
      'The body of the capture has half a character (a lone surrogate), so its bytes are not exact.';
    return { ...none, body: Buffer.from(value, 'utf8'), notes: isWellFormed ? [] : [note] };
  }
  if (value === undefined || value === null) {
    return { ...none, body: new Uint8Array(), notes: ['The capture has no body.'] };
  }
  if (isObject(value) && value.type === 'Buffer' && Array.isArray(value.data)) {
    return { ...none, body: Uint8Array.from(value.data as number[]) };
  }
  return {
    ...none,
    body: Buffer.from(JSON.stringify(value), 'utf8'),
    notes: [
      'The capture has the parsed JSON in place of the body. It is serialised again for the tests below.',
    ],
    suspicion:
      'The capture has the JSON after a body parser, not the bytes that arrived, and the bytes cannot be restored. ' +
      'Capture the raw body. If the receiver gets the same object, verify the raw bytes there, before any body parser.',
  };
}
