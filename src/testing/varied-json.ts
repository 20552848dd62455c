/** Only this beginning of a text is varied, so that a large event grows by a few kB at most. */
const variedLength = 4_096;
const variedPerString = 32;
/** The first gap differs from what every common serializer writes, so no body survives one. */
const gaps = ['  ', '', '\n\t', ' ', ''];

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.e+-]*|[{[,:]/g;
// The flag u matches code points: half of a surrogate pair must not be left unescaped.
const characters = /\\u.{4}|\\.|./gsu;

/** Writes a character as `\/` or `\uXXXX`. */
function escapeCharacter(character: string): string {
  if (character === '/') return '\\/';
  // Escapes each half of a surrogate pair separately.
  return character.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function varyString(token: string): string {
  let count = 0;
  const content = token.slice(1, -1).replace(characters, (character, index: number) => {
    count += 1;
    if (index >= variedPerString || character.startsWith('\\')) return character;
    return character === '/' || count % 5 === 2 ? escapeCharacter(character) : character;
  });
  return `"${content}"`;
}

/** Writes the same decimal number in another way: 42.5 as 42.50, 100 as 1e2, 18 as 18.0. */
function varyNumber(token: string): string {
  if (token.includes('e')) return token.replace('e', 'E');
  if (token.includes('.')) return `${token}0`;
  return /[1-9]0+$/.test(token) ? token.replace(/0+$/, (zeros) => `e${zeros.length}`) : `${token}.0`;
}

/**
 * Writes a value as JSON that parses to the same value but that `JSON.stringify` does not reproduce: with escapes, other forms of
 * numbers, and irregular white space. The same value always gives the same text.
 */
export function toVariedJson(value: unknown): string {
  let gap = 0;
  return JSON.stringify(value).replace(tokens, (token, offset: number) => {
    if (offset >= variedLength) return token;
    if (token.startsWith('"')) return varyString(token);
    if (/\d/.test(token)) return varyNumber(token);
    // The body begins with `{"`, as the platform's do.
    if (offset === 0) return token;
    gap += 1;
    return token + (gaps[(gap - 1) % gaps.length] ?? '');
  });
}
