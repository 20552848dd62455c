/** The first fault of a JSON text. The parser's own messages quote the text, which may hold a secret, and often have no offset. */
export interface JsonProblem {
  readonly offset: number;
  readonly problem: string;
}

/** The deepest JSON to read. A capture has about ten levels. */
const maxDepth = 500;

class JsonFault extends Error {
  constructor(
    readonly offset: number,
    readonly problem: string,
  ) {
    super(problem);
  }
}

const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const whiteSpace = /[ \t\r\n]*/y;

function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

// A loop, because a pattern with an alternative per character exhausts the stack on strings of some megabytes.
function stringEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) throw new JsonFault(at, 'a control character in a string');
    if (code !== 0x5c) at += 1;
    else {
      const end = endOf(escapeSequence, text, at);
      if (end === undefined) throw new JsonFault(at, 'an unknown escape sequence in a string');
      at = end;
    }
  }
  throw new JsonFault(text.length, 'a string that does not end');
}

/** Yields the tokens of a JSON text, without white space. */
function* tokens(text: string): Generator<{ start: number; token: string }> {
  for (let at = endOf(whiteSpace, text, 0) ?? 0; at < text.length;) {
    const char = text.charAt(at);
    const end = '{}[],:'.includes(char)
      ? at + 1
      : char === '"'
        ? stringEnd(text, at)
        : endOf(literal, text, at);
    if (end === undefined) throw new JsonFault(at, 'neither a value nor punctuation of JSON');
    yield { start: at, token: text.slice(at, end) };
    at = endOf(whiteSpace, text, end) ?? end;
  }
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | ':' | ', or the closing bracket' | 'the end';

/** Returns what may follow a token. */
function follow(expected: Expected, token: string, open: string[]): Expected | undefined {
  const afterValue = (): Expected => (open.length > 0 ? ', or the closing bracket' : 'the end');
  const closes = token === '}' || token === ']';
  switch (expected) {
    case 'key':
    case 'key or }':
      if (token === '}' && expected === 'key or }') {
        open.pop();
        return afterValue();
      }
      return token.startsWith('"') ? ':' : undefined;
    case ':':
      return token === ':' ? 'value' : undefined;
    case ', or the closing bracket':
      if (token === ',') return open.at(-1) === '{' ? 'key' : 'value';
      if (token !== (open.at(-1) === '{' ? '}' : ']')) return undefined;
      open.pop();
      return afterValue();
    case 'the end':
      return undefined;
    default:
      if (token === ']' && expected === 'value or ]') {
        open.pop();
        return afterValue();
      }
      if (closes || token === ',' || token === ':') return undefined;
      if (token !== '{' && token !== '[') return afterValue();
      open.push(token);
      return token === '{' ? 'key or }' : 'value or ]';
  }
}

/** Finds the first fault of a JSON text; undefined if `JSON.parse` accepts it and it is not too deep. */
export function findJsonProblem(text: string): JsonProblem | undefined {
  const open: string[] = [];
  let expected: Expected = 'value';
  try {
    for (const { start, token } of tokens(text)) {
      const next = follow(expected, token, open);
      if (next === undefined)
        return { offset: start, problem: `the JSON is not valid, expected ${expected}` };
      if (open.length > maxDepth) return { offset: start, problem: `more than ${maxDepth} levels of JSON` };
      expected = next;
    }
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return { offset: error.offset, problem: `the JSON is not valid, it has ${error.problem}` };
  }
  if (expected === 'the end') return undefined;
  return { offset: text.length, problem: `the JSON ends early, expected ${expected}` };
}

/** The white space of a JSON text. */
export interface JsonStyle {
  /** Before each value and key on a line of its own; undefined keeps everything on one line. */
  readonly indent?: string | undefined;
  readonly afterColon: string;
  readonly afterComma: string;
}

/**
 * Changes the white space of a valid JSON text, and nothing else: `JSON.parse` and `JSON.stringify` would change numbers such as
 * `42.50`, escapes and repeated keys too. Returns undefined if the result has more than `maxLength` characters.
 */
export function reformatJson(text: string, style: JsonStyle, maxLength: number): string | undefined {
  const { indent, afterColon, afterComma } = style;
  const parts: string[] = [];
  let length = 0;
  let level = 0;
  let previous = '';
  const add = (part: string): void => {
    parts.push(part);
    length += part.length;
  };
  const newLine = (): void => {
    if (indent !== undefined) add(`\n${indent.repeat(level)}`);
  };
  for (const { token } of tokens(text)) {
    const opened = previous === '{' || previous === '[';
    if (token === '}' || token === ']') {
      level -= 1;
      if (!opened) newLine();
    } else if (opened || (previous === ',' && indent !== undefined)) newLine();
    add(token);
    if (token === '{' || token === '[') level += 1;
    else if (token === ':') add(afterColon);
    else if (token === ',' && indent === undefined) add(afterComma);
    if (length > maxLength) return undefined;
    previous = token;
  }
  return parts.join('');
}
