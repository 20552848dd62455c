import type { CliContext, CliOutput } from './context.js';

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** Functions that colour text for a terminal, or return it as it is. */
export type Style = Readonly<Record<keyof typeof codes, (text: string) => string>>;

/** Whether an output gets colours: it is a terminal, and `NO_COLOR` is not set. */
function hasColour({ isTTY }: CliOutput, env: CliContext['env']): boolean {
  return isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
}

/** Creates the style of an output: standard output unless another one is given. */
export function createStyle(context: CliContext, output: CliOutput = context.stdout): Style {
  const isColoured = hasColour(output, context.env);
  const entries = Object.entries(codes).map(([name, [on, off]]) => [
    name,
    (text: string) => (isColoured ? `\x1b[${on}m${text}\x1b[${off}m` : text),
  ]);
  return Object.fromEntries(entries) as Style;
}

/**
 * Control, format (bidirectional overrides included), separator and unpaired surrogate characters. The two joiners are
 * safe, and emoji contain them.
 */
const unsafe = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

function escapeCharacter(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/**
 * Escapes text from outside for one line of output, so that it cannot move the cursor, colour or reorder the terminal's
 * text, or begin another line.
 */
export function escapeControls(text: string): string {
  return text.replace(unsafe, escapeCharacter);
}

/** Escapes text from outside as {@link escapeControls} does, but keeps its lines and tabs. */
export function escapeControlsInLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(unsafe, (character) =>
      character === '\n' || character === '\t' ? character : escapeCharacter(character),
    );
}

/** Writes a value as one line of JSON, in which characters that could drive a terminal are escaped. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replace(unsafe, (character) =>
    character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
}

/** Hides the signatures in text from outside: an endpoint may echo that of its request, and logs get no MAC. */
export function hideSignatures(text: string): string {
  return text.replace(/sha256=[0-9a-f]{64}/gi, 'sha256=… (hidden)');
}

/** Truncates text to a number of characters, with an ellipsis in the place of the rest. */
export function truncate(text: string, maxLength: number): string {
  const characters = Array.from(text);
  return characters.length <= maxLength
    ? text
    : `${characters.slice(0, Math.max(0, maxLength - 1)).join('')}…`;
}
