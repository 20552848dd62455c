import { Buffer } from 'node:buffer';
import { guessOriginals, type OriginalGuess } from '../../verify/originals.js';
import { findJsonProblem, reformatJson, type JsonStyle } from './json-text.js';

/** The largest body to make guesses from, in bytes: the largest payload that the platform sends. */
export const maxGuessedBytes = 262_144;
/** The longest guess to make, in characters. */
const maxGuessLength = 4 * maxGuessedBytes;

const respaced =
  'The white space of the JSON was changed after the body was signed: something parsed it and serialised it again. ' +
  'Verify the raw bytes, before any body parser.';
const reescaped =
  'The escapes of the JSON were changed after the body was signed: something parsed it and serialised it again. ' +
  'Verify the raw bytes, before any body parser.';

const styles: readonly (readonly [name: string, style: JsonStyle])[] = [
  ['without the white space of its JSON', { afterColon: '', afterComma: '' }],
  ['with the white space of Python', { afterColon: ' ', afterComma: ' ' }],
  ['indented by 2 spaces', { indent: '  ', afterColon: ' ', afterComma: '' }],
  ['indented by 4 spaces', { indent: '    ', afterColon: ' ', afterComma: '' }],
  ['indented by tabs', { indent: '\t', afterColon: ' ', afterComma: '' }],
];

const toEscape = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

// Control characters, the quote and the backslash stay escaped in every JSON.
const needlessEscape = /(?<!\\)((?:\\\\)*)\\u(?!00[01]|0022|005c|d[89a-f])([0-9a-f]{4})/gi;
const surrogateEscapes = /(?<!\\)((?:\\\\)*)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/gi;

function unescape(text: string): string {
  const char = (code: string): string => String.fromCharCode(parseInt(code, 16));
  return text
    .replace(
      surrogateEscapes,
      (_, before: string, high: string, low: string) => before + char(high) + char(low),
    )
    .replace(needlessEscape, (_, before: string, code: string) => before + char(code));
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, each]) => [key, sortKeys(each)]));
}

function* guessJsonTexts(text: string): Generator<OriginalGuess> {
  for (const [name, style] of styles) {
    const original = reformatJson(text, style, maxGuessLength);
    if (original === undefined) continue;
    yield { name, original, hint: respaced };
    if (style.indent !== undefined)
      yield { name: `${name}, with a final LF`, original: `${original}\n`, hint: respaced };
  }
  const escaped = text.replace(/[\u0080-\uffff]/g, toEscape);
  const changes: readonly (readonly [name: string, original: string])[] = [
    ['with its characters escaped as \\u00e9', escaped],
    [
      'with its characters escaped as \\u00E9',
      text.replace(/[\u0080-\uffff]/g, (char) => toEscape(char).toUpperCase().replace('U', 'u')),
    ],
    ['with its \\u escapes decoded', unescape(text)],
    ['with slashes escaped as \\/', text.replace(/\//g, '\\/')],
    ['with slashes and characters escaped (PHP)', escaped.replace(/\//g, '\\/')],
    ['with \\/ decoded', text.replace(/(?<!\\)((?:\\\\)*)\\\//g, '$1/')],
    ['with <, > and & escaped (Go)', text.replace(/[<>&\u2028\u2029]/g, toEscape)],
  ];
  for (const [name, original] of changes) yield { name, original, hint: reescaped };
  const sorted = sortKeys(JSON.parse(text));
  const hint =
    'The keys of the JSON were reordered after the body was signed. Verify the raw bytes, before any body parser.';
  yield { name: 'with its keys sorted', original: JSON.stringify(sorted), hint };
}

function* guessWrapped(text: string): Generator<OriginalGuess> {
  if (/^\s*"/.test(text) && !findJsonProblem(text)) {
    const hint =
      'The body was serialised as a JSON string: JSON.stringify was called on the text of the body. Pass the text as it is.';
    yield { name: 'taken out of a JSON string', original: JSON.parse(text) as string, hint };
  }
  if (/^[\w.-]+=|^%7B/i.test(text)) {
    const hint =
      'The body was sent or parsed as a form (application/x-www-form-urlencoded). Keep the body as bytes.';
    const parameters = [...new URLSearchParams(text)];
    for (const [name, value] of parameters.slice(0, 20)) {
      yield { name: 'decoded from a form', original: value === '' ? name : value, hint };
    }
  }
}

/** Guesses at bytes that were encoded in another way. */
function* guessEncodings(body: Uint8Array, text: string, receiverHint: string): Generator<OriginalGuess> {
  const [first, second] = body;
  for (const [name, encoding] of [
    ['decoded from UTF-16', 'utf-16le'],
    ['decoded from UTF-16 (big endian)', 'utf-16be'],
  ] as const) {
    const mark = encoding === 'utf-16le' ? [0xff, 0xfe] : [0xfe, 0xff];
    const isLikely = (first === mark[0] && second === mark[1]) || body.subarray(0, 64).includes(0);
    if (isLikely) yield { name, original: new TextDecoder(encoding).decode(body), hint: receiverHint };
  }
  if (text.length > 3 && /^[A-Za-z0-9+/_\s-]+={0,2}\s*$/.test(text)) {
    const hint = 'The body is base64. Decode it first (API Gateway sets isBase64Encoded).';
    yield { name: 'decoded from base64', original: Buffer.from(text, 'base64'), hint };
  }
  const marked =
    'The body was signed with a byte order mark at its start, and something removed it. Keep the body as bytes.';
  if (!text.startsWith('\uFEFF'))
    yield { name: 'with a byte order mark', original: `\uFEFF${text}`, hint: marked };
  const trimmed = 'White space around the body was added after it was signed. Verify the raw bytes.';
  yield { name: 'without white space around it', original: text.trim(), hint: trimmed };
  const ending = 'A final line break was removed after the body was signed. Verify the raw bytes.';
  yield { name: 'with a final CR LF', original: `${text}\r\n`, hint: ending };
}

/** Signed content of other platforms, which put the timestamp before the body. */
function* guessSignedContents(body: Uint8Array, timestamp: string | undefined): Generator<OriginalGuess> {
  if (timestamp === undefined) return;
  const hint =
    'The signature covers the timestamp too, as other platforms sign. Hostwares signs the body alone: is the sender another one?';
  for (const [name, separator] of [
    ['after the timestamp and a dot', '.'],
    ['after the timestamp', ''],
  ] as const) {
    yield { name, original: Buffer.concat([Buffer.from(timestamp + separator), body]), hint };
  }
}

function isChanged(guess: OriginalGuess, body: Uint8Array): boolean {
  const { original } = guess;
  return original.length <= maxGuessLength && Buffer.compare(Buffer.from(original as string), body) !== 0;
}

/** The input of {@link guessBodies}. */
export interface GuessInput {
  readonly body: Uint8Array;
  readonly timestamp: string | undefined;
  /** The receiver's hint for the mismatch, which names encodings. */
  readonly receiverHint: string;
}

/** Guesses the body that was signed: first as the receiver does, then further. Each guess differs from the body. */
export function* guessBodies({ body, timestamp, receiverHint }: GuessInput): Generator<OriginalGuess> {
  if (body.length > maxGuessedBytes) return;
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(body);
  const isJson = !findJsonProblem(text);
  for (const guesses of [
    guessOriginals(body, text, maxGuessLength),
    guessEncodings(body, text, receiverHint),
    isJson ? guessJsonTexts(text) : [],
    guessWrapped(text),
    guessSignedContents(body, timestamp),
  ]) {
    for (const guess of guesses) if (isChanged(guess, body)) yield guess;
  }
}
