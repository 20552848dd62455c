// Prints a request in every format that `diagnose` reads.

/** A request to print. */
export interface Printed {
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Uint8Array;
}

/** Reads the headers and the exact body of a request. */
export async function toPrinted(request: Request): Promise<Printed> {
  return { headers: [...request.headers], body: new Uint8Array(await request.arrayBuffer()) };
}

export function toRawHttp({ headers, body }: Printed, newLine = '\r\n'): Buffer {
  const lines = [
    'POST /webhooks/hostwares HTTP/1.1',
    ...headers.map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(lines.join(newLine)), body]);
}

/** Splits the body into chunks of a length. */
export function toChunkedHttp({ headers, body }: Printed, length: number): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += length) {
    const chunk = body.subarray(at, at + length);
    chunks.push(
      Buffer.from(`${chunk.length.toString(16)};extension=1\r\n`),
      Buffer.from(chunk),
      Buffer.from('\r\n'),
    );
  }
  const chunked: Printed = {
    headers: [...headers.filter(([name]) => name !== 'content-length'), ['Transfer-Encoding', 'chunked']],
    body: Buffer.concat([...chunks, Buffer.from('0\r\n\r\n')]),
  };
  return toRawHttp(chunked);
}

/** Quotes bytes as bash does: $'…' if anything is not plain. */
export function toShellWord(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('latin1');
  if (/^[\x20-\x7e]*$/.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replace(
    /[^\x20-\x7e]|['\\]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `$'${escaped}'`;
}

export function toCurl({ headers, body }: Printed): string {
  const lines = ["curl -sS 'http://localhost/webhooks/hostwares'", '-X POST'];
  for (const header of headers) lines.push(`-H ${toShellWord(Buffer.from(header.join(': ')))}`);
  return [...lines, `--data-raw ${toShellWord(body)}`].join(' \\\n  ');
}

export function toHarEntry({ headers, body }: Printed, startedDateTime?: string): object {
  return {
    ...(startedDateTime !== undefined && { startedDateTime }),
    request: {
      method: 'POST',
      url: 'https://example.com/webhooks/hostwares?token=private',
      headers: headers.map(([name, value]) => ({ name, value })),
      postData: {
        mimeType: 'application/json',
        encoding: 'base64',
        text: Buffer.from(body).toString('base64'),
      },
    },
  };
}

export function toHar(requests: readonly Printed[], startedDateTime?: string): string {
  return JSON.stringify({
    log: { version: '1.2', entries: requests.map((each) => toHarEntry(each, startedDateTime)) },
  });
}

function valuesOf(headers: Printed['headers'], name: string): string[] {
  return headers.filter(([each]) => each === name).map(([, value]) => value);
}

/** The event of an AWS Lambda function behind API Gateway. */
export function toLambdaEvent({ headers, body }: Printed): string {
  return JSON.stringify({
    httpMethod: 'POST',
    path: '/webhooks/hostwares',
    multiValueHeaders: Object.fromEntries(headers.map(([name]) => [name, valuesOf(headers, name)])),
    body: Buffer.from(body).toString('base64'),
    isBase64Encoded: true,
  });
}

/** An object with headers and the body as text, which is exact for UTF-8 only. */
export function toJsonText({ headers, body }: Printed): string {
  return JSON.stringify({ headers: Object.fromEntries(headers), body: Buffer.from(body).toString('utf8') });
}
