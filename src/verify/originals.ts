/** A guess at the body that was signed, made from the one that was received. It is right if the signature matches it. */
export interface OriginalGuess {
  /** The change that made the original of the received body, for the report of `diagnose`. */
  readonly name: string;
  readonly original: string | Uint8Array;
  /** What happened to the original, and what to do. */
  readonly hint: string;
}

/** The deepest JSON to serialise again. */
const maxDepth = 32;

/** Measures the depth of JSON, and an upper bound of its length when indented. Brackets in strings count too. */
function measureJson(text: string): { depth: number; indentedLength: number } {
  let level = 0;
  let depth = 0;
  let indentedLength = text.length;
  for (const char of text) {
    if (char === '{' || char === '[') depth = Math.max(depth, (level += 1));
    else if (char === '}' || char === ']') level -= 1;
    else if (char === ':') indentedLength += 1;
    else if (char !== ',') continue;
    indentedLength += 2 * (1 + Math.max(0, level));
  }
  return { depth, indentedLength };
}

// 0x80 to 0x9F in Windows-1252, which many programs use as Latin-1.
const windows1252 =
  '\u20AC\u0081\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\u008D\u017D\u008F' +
  '\u0090\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\u009D\u017E\u0178';

/** Returns the bytes that a Latin-1 decoder turned into this text. */
function toSingleBytes(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const special = code > 0xff ? windows1252.indexOf(text.charAt(at)) : -1;
    if (code > 0xff && special < 0) return undefined;
    bytes[at] = special < 0 ? code : 0x80 + special;
  }
  return bytes;
}

function* guessJson(text: string, maxLength: number): Generator<OriginalGuess> {
  const { depth, indentedLength } = measureJson(text);
  if (depth > maxDepth) return;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return;
  }
  const hint = 'The JSON was parsed and serialised again. Verify the raw bytes, before any body parser.';
  yield { name: 'as compact JSON', original: JSON.stringify(value), hint };
  if (indentedLength <= maxLength) {
    yield { name: 'as indented JSON', original: JSON.stringify(value, null, 2), hint };
  }
}

/**
 * Guesses the original body. The rejections of a receiver and the command `diagnose` try the same guesses.
 *
 * @param text - The body, decoded with its byte order mark.
 * @param maxLength - The longest indented JSON to make, in characters.
 */
export function* guessOriginals(body: Uint8Array, text: string, maxLength: number): Generator<OriginalGuess> {
  if (text.startsWith('\uFEFF')) {
    yield {
      name: 'without byte order mark',
      original: text.slice(1),
      hint: 'A byte order mark was added before the body.',
    };
  }
  const unix = text.replaceAll('\r\n', '\n');
  for (const [name, original] of [
    ['with LF', unix],
    ['with CRLF', unix.replaceAll('\n', '\r\n')],
    ['trimmed', unix.trimEnd()],
    ['with final LF', `${unix}\n`],
  ] as const) {
    if (original !== text) {
      const hint = 'Line endings or a final newline were changed after the body was signed.';
      yield { name, original, hint };
    }
  }
  // The text is shorter than the bytes if any character is not ASCII.
  const recoded = text.length < body.length || text.includes('\uFFFD');
  const bytes = recoded ? toSingleBytes(text) : undefined;
  if (bytes) {
    const hint = 'UTF-8 was read as Latin-1 in transit, and encoded again. Keep the body as bytes.';
    yield { name: 'encoded as Latin-1', original: bytes, hint };
  }
  if (text.includes('\uFFFD')) {
    const original = new TextDecoder('windows-1252').decode(body);
    const hint = 'The body was converted to Latin-1 in transit. Keep the body as bytes.';
    yield { name: 'decoded from Latin-1', original, hint };
  }
  yield* guessJson(text, maxLength);
}
