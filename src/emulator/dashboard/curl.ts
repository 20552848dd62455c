/** A request as it was sent. */
export interface CurlRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Headers that curl sets itself. */
const ownHeaders = new Set(['connection', 'content-length', 'host', 'transfer-encoding']);

/** Characters that a terminal acts on when a command is pasted. */
const control = /[\u0000-\u001f\u007f-\u009f]/;
const eachControl = /[\u0000-\u001f\u007f-\u009f]/g;

/** Quotes a text for a POSIX shell, in which nothing is special between single quotes. */
function quoteForShell(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** Writes each byte of a control character as `\0` and three octal digits, as `printf %b` reads it. */
function escapeForPrintf(text: string): string {
  return text
    .replaceAll('\\', String.raw`\\`)
    .replace(eachControl, (character) =>
      [...new TextEncoder().encode(character)]
        .map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`)
        .join(''),
    );
}

function toHeaderOption([name, value]: [string, string]): string {
  // curl takes `Name:` as the wish to leave the header out, and `Name;` as a header without a value.
  const header = value === '' ? `${name};` : `${name}: ${value}`;
  // A header cannot contain control characters. In a forged log, they are dropped.
  return `-H ${quoteForShell(header.replace(eachControl, ''))}`;
}

/**
 * Writes a request as a curl command for a POSIX shell, which sends the same bytes. The URL, the headers and the body come
 * from outside: none of them can end its quotes, name a file, or reach the terminal as a control character.
 */
export function toCurl({ url, headers, body }: CurlRequest): string {
  const options = [
    `--globoff -X POST ${quoteForShell(url.replace(eachControl, ''))}`,
    ...Object.entries(headers)
      .filter(([name]) => !ownHeaders.has(name.toLowerCase()))
      .map(toHeaderOption),
  ];
  const join = (parts: string[]): string => parts.join(' \\\n  ');
  if (control.test(body)) {
    const piped = `printf '%b' ${quoteForShell(escapeForPrintf(body))} |`;
    return `${piped}\n${join([`curl ${options[0]}`, ...options.slice(1), '--data-binary @-'])}`;
  }
  // --data-raw: unlike --data, it sends a body that begins with @ as it is.
  return join([`curl ${options[0]}`, ...options.slice(1), `--data-raw ${quoteForShell(body)}`]);
}
