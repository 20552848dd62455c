import { Buffer } from 'node:buffer';

/** A fault of a shell command. */
export class ShellFault extends Error {
  constructor(
    readonly offset: number,
    readonly problem: string,
  ) {
    super(problem);
  }
}

/** One word of a command, unquoted. Each character is a byte. */
export interface ShellWord {
  readonly text: string;
  readonly offset: number;
}

const named: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  e: '\x1b',
  E: '\x1b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
const ansiEscape =
  /\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c([^])|([^]))/y;

/** Decodes an escape sequence of `$'…'` at an offset. */
function decodeAnsi(source: string, at: number): { text: string; end: number } {
  ansiEscape.lastIndex = at;
  const match = ansiEscape.exec(source);
  if (!match) throw new ShellFault(at, "a $'…' that does not end");
  const [all, hex, short, long, octal, control, other = ''] = match;
  const code = short ?? long;
  let text: string;
  if (hex !== undefined) text = String.fromCharCode(parseInt(hex, 16));
  else if (code !== undefined) {
    const point = parseInt(code, 16);
    if (point > 0x10ffff) throw new ShellFault(at, 'a character that Unicode does not have');
    text = Buffer.from(String.fromCodePoint(point), 'utf8').toString('latin1');
  } else if (octal !== undefined) text = String.fromCharCode(parseInt(octal, 8) & 0xff);
  else if (control !== undefined) text = String.fromCharCode(control.charCodeAt(0) & 0x1f);
  else text = Object.hasOwn(named, other) ? (named[other] as string) : /["'?\\]/.test(other) ? other : all;
  return { text, end: at + all.length };
}

/** Reads words from a command. It keeps bytes and offsets, which the libraries for shell words lose. */
class ShellReader {
  constructor(
    private readonly source: string,
    private at: number,
  ) {}

  /** Returns the next word; undefined at the end of the command. */
  next(): ShellWord | undefined {
    this.skipSpace();
    const offset = this.at;
    const first = this.source[offset];
    if (first === undefined || /[\n;|&<>()]/.test(first)) return undefined;
    let text = '';
    while (this.at < this.source.length && !/[\s;|&<>()]/.test(this.source.charAt(this.at)))
      text += this.part();
    return { text, offset };
  }

  private skipSpace(): void {
    const space = /(?:[ \t\r]|\\\r?\n)*(?:#[^\n]*)?/y;
    space.lastIndex = this.at;
    space.test(this.source);
    this.at = space.lastIndex;
  }

  /** Reads a quoted part, an escaped character, or a run of plain characters. */
  private part(): string {
    const { source, at } = this;
    const char = source.charAt(at);
    if (char === "'") return this.single(at);
    if (char === '"') return this.double(at);
    if (char === '\\') {
      const continuation = /\\\r?\n/y;
      continuation.lastIndex = at;
      const isContinuation = continuation.test(source);
      this.at = isContinuation ? continuation.lastIndex : at + 2;
      return isContinuation ? '' : source.charAt(at + 1);
    }
    if (char === '$' && source[at + 1] === "'") return this.ansi(at);
    this.rejectExpansion(at);
    this.at = at + 1;
    return char;
  }

  private single(start: number): string {
    const end = this.source.indexOf("'", start + 1);
    if (end < 0) throw new ShellFault(start, "a ' without a closing one");
    this.at = end + 1;
    return this.source.slice(start + 1, end);
  }

  private double(start: number): string {
    let text = '';
    for (let at = start + 1; at < this.source.length;) {
      const char = this.source.charAt(at);
      const next = this.source.charAt(at + 1);
      if (char === '"') {
        this.at = at + 1;
        return text;
      }
      if (char === '\\' && next === '\n') at += 2;
      else if (char === '\\' && /["\\$`]/.test(next)) {
        text += next;
        at += 2;
      } else {
        this.rejectExpansion(at);
        text += char;
        at += 1;
      }
    }
    throw new ShellFault(start, 'a " without a closing one');
  }

  private ansi(start: number): string {
    let text = '';
    for (let at = start + 2; at < this.source.length;) {
      const char = this.source.charAt(at);
      if (char === "'") {
        this.at = at + 1;
        return text;
      }
      const decoded = char === '\\' ? decodeAnsi(this.source, at) : { text: char, end: at + 1 };
      text += decoded.text;
      at = decoded.end;
    }
    throw new ShellFault(start, "a $'…' that does not end");
  }

  private rejectExpansion(at: number): void {
    if (/^(?:`|\$[\w({])/.test(this.source.slice(at, at + 2))) {
      throw new ShellFault(at, 'a variable or command of the shell. Write its value in its place');
    }
  }
}

/**
 * Splits the first command of a text into words, as a POSIX shell and bash do: '…', "…", $'…', and line continuations.
 *
 * @param start - The offset of the command.
 * @throws ShellFault for a quote that does not end, and for variables, which have no value here.
 */
export function splitShellWords(source: Uint8Array, start: number): readonly ShellWord[] {
  const reader = new ShellReader(Buffer.from(source).toString('latin1'), start);
  const words: ShellWord[] = [];
  for (let word = reader.next(); word; word = reader.next()) words.push(word);
  return words;
}
