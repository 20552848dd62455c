/** The tokens that may follow at a place in a JSON text. */
type Expected = 'value' | 'value-or-end' | 'name' | 'name-or-end' | 'colon' | 'comma-or-end' | 'nothing';

const space = /[\t\n\r ]*/y;
const token =
  /[{}[\],:]|"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

const ends: Readonly<Record<string, string>> = { '{': '}', '[': ']' };

function match(pattern: RegExp, text: string, position: number): string {
  pattern.lastIndex = position;
  return pattern.exec(text)?.[0] ?? '';
}

/** Returns what is expected after a token, or undefined if the token is not expected. It updates the open brackets. */
function follow(expected: Expected, found: string, open: string[]): Expected | undefined {
  const afterValue = (): Expected => (open.length === 0 ? 'nothing' : 'comma-or-end');
  const isEnd = found !== '' && found === ends[open.at(-1) ?? ''];
  if (isEnd && expected.endsWith('-or-end')) {
    open.pop();
    return afterValue();
  }
  if (expected === 'comma-or-end' && found === ',') return open.at(-1) === '{' ? 'name' : 'value';
  if (expected === 'colon' && found === ':') return 'value';
  if (expected.startsWith('name') && found.startsWith('"')) return 'colon';
  if (!expected.startsWith('value')) return undefined;
  if (found === '{' || found === '[') {
    open.push(found);
    return found === '{' ? 'name-or-end' : 'value-or-end';
  }
  return /^["\-\dtfn]/.test(found) ? afterValue() : undefined;
}

/** Finds the first character at which a text is not JSON. `JSON.parse` names it for some mistakes only. */
export function findJsonError(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let position = match(space, text, 0).length;
  while (position < text.length) {
    const found = match(token, text, position);
    const next = follow(expected, found, open);
    if (next === undefined) return position;
    expected = next;
    position += found.length;
    position += match(space, text, position).length;
  }
  return text.length;
}
