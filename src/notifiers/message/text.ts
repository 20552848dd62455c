/**
 * Cleans text from outside (commit messages, site names, errors) for display. The files of the providers escape their own markup.
 */

// More than any provider shows. Text is truncated first, so that the patterns below never process megabytes.
const maxInput = 10_000;

// Colours, cursor movements, links and character sets of build output: ECMA-48's sequences, in 7 and 8 bits.
const ansiSequence =
  /(?:\u001B\[|\u009B)[0-?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|\u001B[ -/]*[0-~]/g;
const lineBreak = /\r\n?|[\v\f\u0085\u2028\u2029]/g;
// Control characters but the line feed; soft hyphens; marks and overrides of direction; zero-width characters and invisible fillers. The
// joiners U+200C and U+200D stay: words and emoji need them.
const invisible =
  /(?!\n)[\p{Cc}\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180E\u200B\u200E\u200F\u202A-\u202E\u2060-\u206F\u2800\u3164\uFEFF\uFFA0\uFFF9-\uFFFB\u{E0000}-\u{E0FFF}]/gu;
const blank = /^[\s\u200C\u200D\uFE00-\uFE0F]*$/;
const loneSurrogate = /\p{Cs}/gu;
// Letters of living scripts have few combining marks; a stack of them overlaps the lines around it.
const markTower = /(\p{M}{4})\p{M}+/gu;

/**
 * Returns the text of a value, cleaned and trimmed. Undefined if nothing is left to show: a value that is neither text nor a finite
 * number never becomes "undefined", "null", "NaN" or "[object Object]".
 */
export function cleanText(value: unknown): string | undefined {
  const text = typeof value === 'number' ? formatNumber(value) : value;
  if (typeof text !== 'string') return undefined;
  const clean = text
    .slice(0, maxInput)
    .replace(ansiSequence, '')
    .replace(lineBreak, '\n')
    .replaceAll('\t', ' ')
    .replace(invisible, '')
    .replace(loneSurrogate, '\uFFFD')
    .replace(markTower, '$1')
    .trim();
  return blank.test(clean) ? undefined : clean;
}

/** Like {@link cleanText}, but on one line. */
export function cleanLine(value: unknown): string | undefined {
  return cleanText(value)?.replace(/\s+/g, ' ');
}

/** Formats a number with two decimals at most, or with four digits below 1. */
export function formatNumber(value: unknown): string | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  if (Number.isInteger(value)) return String(value);
  return String(Math.abs(value) < 1 ? Number(value.toPrecision(4)) : Math.round(value * 100) / 100);
}

/** Truncates to at most `max` UTF-16 units, never within a surrogate pair, and marks the end with an ellipsis. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text;
  const end = max - 1;
  const splitsPair = /[\uD800-\uDBFF]/.test(text.charAt(end - 1));
  return `${text.slice(0, splitsPair ? end - 1 : end).trimEnd()}…`;
}

/**
 * Returns the longest beginning of a text that is at most `max` long once it is escaped. Truncating after the escape could split an
 * escape sequence.
 */
export function truncateEscaped(text: string, max: number, escape: (text: string) => string): string {
  const whole = escape(truncate(text, max));
  if (whole.length <= max) return whole;
  let fits = 1;
  let tooLong = max;
  while (tooLong - fits > 1) {
    const middle = (fits + tooLong) >> 1;
    if (escape(truncate(text, middle)).length <= max) fits = middle;
    else tooLong = middle;
  }
  return escape(truncate(text, fits));
}
