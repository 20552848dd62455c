// Captures with one known fault, in every format: the command names the cause, and prints neither a secret nor a MAC.
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import zlib, { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createReceiver, signPayload } from '../../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../../src/testing/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import {
  toChunkedHttp,
  toCurl,
  toHar,
  toJsonText,
  toLambdaEvent,
  toPrinted,
  toRawHttp,
  type Printed,
} from './printers.js';
import { runDiagnose } from './run-diagnose.js';

const secret = 'whsec_c2VjcmV0IG9mIHRoZSBkaWFnbm9zaXM';
const nowMs = Date.parse('2026-03-01T12:00:00Z');
const at = ['--at', '2026-03-01T12:00:30Z'];
const folder = temporaryFolder();

const genuine = await toPrinted(await createSignedRequest('deployment.failed', { secret, now: () => nowMs }));
const text = Buffer.from(genuine.body).toString('utf8');
const digits = createHmac('sha256', secret).update(genuine.body).digest('hex');

const name = { signature: 'x-hostwares-signature', timestamp: 'x-hostwares-timestamp' };
const withHeader = (
  header: string,
  value: string | readonly string[] | undefined,
  from: Printed = genuine,
): Printed => ({
  ...from,
  headers: [
    ...from.headers.filter(([each]) => each !== header),
    ...(value === undefined ? [] : [value].flat().map((each) => [header, each] as const)),
  ],
});
const withBody = (body: string | Uint8Array, from: Printed = genuine): Printed => ({
  ...from,
  body: Buffer.from(body as string),
});

/** A request whose body was signed, and then changed. */
async function changed(
  signed: string | Uint8Array,
  body: string | Uint8Array,
  key: string | Uint8Array = secret,
): Promise<Printed> {
  const request = withHeader(name.signature, await signPayload(signed, key));
  return withBody(body, request);
}

const compact = JSON.stringify(
  sampleEvent('site.created', { data: { site_name: 'Grüße, niño – 5 €' } as never }),
);
const pretty = JSON.stringify(JSON.parse(compact), null, 2);
const withNumbers = '{"id":"evt_1","amount":42.50,"url":"https://a/b","name":"é"}';
const short = (bytes: Uint8Array, by: number): Uint8Array => bytes.subarray(0, bytes.length - by);
const signedWith = async (key: string | Uint8Array): Promise<Printed> =>
  changed(genuine.body, genuine.body, key);

type Case = readonly [
  fault: string,
  capture: string | Uint8Array,
  cause: RegExp,
  options?: { args?: string[]; env?: Record<string, string>; count?: number },
];

writeFileSync(join(folder, 'pretty.json'), pretty);
const fileOfCurl = `curl -H 'X-Hostwares-Signature: ${await signPayload(pretty, secret)}' -H 'X-Hostwares-Timestamp: ${nowMs / 1000}' -d @pretty.json localhost`;
const sha512 = createHmac('sha512', secret).update(genuine.body).digest('hex');

/** Faults of the body. The receiver finds the cause of the first group too, and both say the same. */
const sharedFaults: readonly Case[] = [
  [
    'raw HTTP with CRLF in place of LF',
    toRawHttp(await changed(pretty, pretty.replaceAll('\n', '\r\n'))),
    /Line endings.*matches the body with LF/,
  ],
  [
    'HAR with LF in place of CRLF',
    toHar([await changed(pretty.replaceAll('\n', '\r\n'), pretty)]),
    /Line endings.*the body with CRLF/,
  ],
  [
    'curl without the final newline',
    toCurl(await changed(`${pretty}\n`, pretty)),
    /Line endings.*body with final LF/,
  ],
  [
    'JSON with a final newline',
    toJsonText(await changed(compact, `${compact}\n`)),
    /Line endings.*body trimmed/,
  ],
  [
    'Lambda event with a byte order mark',
    toLambdaEvent(await changed(compact, `\uFEFF${compact}`)),
    /byte order mark was added/,
  ],
  [
    'JSON that was indented',
    toJsonText(await changed(compact, pretty)),
    /parsed and serialised again.*body as compact JSON/,
  ],
  [
    'JSON that was made compact',
    toCurl(await changed(pretty, compact)),
    /parsed and serialised again.*body as indented JSON/,
  ],
  [
    'UTF-8 read as Latin-1',
    toRawHttp(await changed(compact, Buffer.from(compact).toString('latin1'))),
    /UTF-8 was read as Latin-1/,
  ],
  [
    'a conversion to Latin-1',
    toLambdaEvent(
      await changed(compact.replace(/[–€]/g, ''), Buffer.from(compact.replace(/[–€]/g, ''), 'latin1')),
    ),
    /converted to Latin-1/,
  ],
  [
    'gzip',
    toLambdaEvent(await changed(compact, gzipSync(compact))),
    /compressed \(gzip\).*body decompressed/,
  ],
  [
    'deflate',
    toHar([await changed(compact, deflateSync(compact))]),
    /compressed \(deflate\).*body decompressed/,
  ],
  [
    'Brotli',
    toRawHttp(withHeader('content-encoding', 'br', await changed(compact, brotliCompressSync(compact)))),
    /compressed \(br\).*body decompressed/,
  ],
  [
    'UTF-16',
    toLambdaEvent(await changed(compact, Buffer.from(compact, 'utf16le'))),
    /UTF-16.*decoded from UTF-16/,
  ],
  [
    'base64',
    toCurl(await changed(compact, Buffer.from(compact).toString('base64'))),
    /base64.*body decoded from base64/,
  ],
  [
    'a truncated body',
    toRawHttp(withHeader('content-length', String(text.length), withBody(short(genuine.body, 9)))),
    /likely cause: Content-Length says \d+ bytes, but the body has \d+/,
  ],
  ['another body', toCurl(withBody('{"id":"evt_2"}')), /likely cause: The secret is another endpoint’s/],
];

const ownFaults: readonly Case[] = [
  [
    'white space that was changed around numbers',
    toCurl(await changed(withNumbers, withNumbers.replaceAll(':', ': ').replace('https: ', 'https:'))),
    /white space of the JSON was changed/,
  ],
  [
    'indentation by 4 spaces',
    toJsonText(await changed(JSON.stringify({ a: [1] }, null, 4), '{"a":[1]}')),
    /indented by 4 spaces/,
  ],
  [
    'escapes that were decoded',
    toCurl(await changed(withNumbers.replace('é', '\\u00e9'), withNumbers)),
    /escaped as \\u00e9/,
  ],
  [
    'characters that were escaped',
    toCurl(await changed(withNumbers, withNumbers.replace('é', '\\u00e9'))),
    /with its \\u escapes decoded/,
  ],
  [
    'slashes that were escaped',
    toRawHttp(await changed(withNumbers, withNumbers.replaceAll('/', '\\/'))),
    /with \\\/ decoded/,
  ],
  [
    'keys that were sorted',
    toRawHttp(await changed('{"a":1,"b":{"c":1,"d":2}}', '{"b":{"d":2,"c":1},"a":1}')),
    /keys of the JSON were reordered/,
  ],
  ['a form', toRawHttp(await changed(compact, `payload=${encodeURIComponent(compact)}`)), /as a form/],
  [
    'a JSON string',
    toRawHttp(await changed(compact, JSON.stringify(compact))),
    /serialised as a JSON string/,
  ],
  [
    'a removed byte order mark',
    toRawHttp(await changed(`\uFEFF${compact}`, compact)),
    /something removed it/,
  ],
  [
    'white space before the body',
    toRawHttp(await changed(withNumbers, `\n  ${withNumbers}`)),
    /White space around the body/,
  ],
  [
    'chunks that end early',
    short(toChunkedHttp(genuine, 100), 30),
    /likely cause: The chunked body is truncated/,
  ],
  [
    'more bytes than Content-Length',
    toRawHttp(withHeader('content-length', '10')),
    /Content-Length says 10 bytes, but \d+ were signed/,
  ],
  ['a file whose line breaks curl removes', fileOfCurl, /curl removes line breaks.*--data-binary/],
  [
    'a body that was parsed',
    JSON.stringify({ headers: Object.fromEntries(genuine.headers), body: JSON.parse(text) as unknown }),
    /likely cause: The capture has the JSON after a body parser/,
  ],
  [
    'a timestamp before the body',
    toRawHttp(await changed(`${nowMs / 1000}.${text}`, text)),
    /signature covers the timestamp too/,
  ],
];

const secretFaults: readonly Case[] = [
  [
    'a secret with a line break',
    toRawHttp(genuine),
    /white space or a line break around it/,
    { args: ['--secret', `${secret}\n`] },
  ],
  ['a secret in quotes', toRawHttp(genuine), /quotes around it/, { args: ['--secret', `"${secret}"`] }],
  [
    'a secret with the name of its variable',
    toRawHttp(genuine),
    /name of the variable in front/,
    { args: ['--secret', `HOSTWARES_WEBHOOK_SECRET=${secret}`] },
  ],
  [
    'a secret without its prefix',
    toRawHttp(genuine),
    /lacks its prefix whsec_/,
    { args: ['--secret', secret.slice(6)] },
  ],
  [
    'a signer whose secret ends with a line feed',
    toRawHttp(await signedWith(`${secret}\n`)),
    /signer’s secret ends with a line break/,
  ],
  [
    'a signer that decodes the secret from base64',
    toRawHttp(await signedWith(Buffer.from(secret.slice(6), 'base64'))),
    /other bytes of the secret.*from base64/,
  ],
  [
    'a signer that removes whsec_',
    toRawHttp(await signedWith(secret.slice(6))),
    /other bytes of the secret.*without the prefix whsec_/,
  ],
  [
    'the secret of another variable',
    toRawHttp(await signedWith('another secret of this machine')),
    /in the variable STAGING_WEBHOOK_SECRET/,
    { env: { STAGING_WEBHOOK_SECRET: 'another secret of this machine' } },
  ],
  [
    'a changed body and a secret in quotes',
    toRawHttp(await changed(compact, pretty)),
    /parsed and serialised again[^]*quotes around it/,
    { args: ['--secret', `'${secret}'`], count: 2 },
  ],
];

const headerFaults: readonly Case[] = [
  [
    'no signature',
    toRawHttp(withHeader(name.signature, undefined)),
    /X-Hostwares-Signature header is missing.*proxy removed/,
  ],
  [
    'a renamed signature',
    toRawHttp(
      withHeader('HTTP_X_HOSTWARES_SIGNATURE', `sha256=${digits}`, withHeader(name.signature, undefined)),
    ),
    /It is here as HTTP_X_HOSTWARES_SIGNATURE/,
  ],
  ['no timestamp', toCurl(withHeader(name.timestamp, undefined)), /X-Hostwares-Timestamp header is missing/],
  [
    'a base64 digest',
    toCurl(withHeader(name.signature, `sha256=${Buffer.from(digits, 'hex').toString('base64')}`)),
    /It is base64, not hex digits/,
  ],
  [
    'a signature in upper case',
    toCurl(withHeader(name.signature, `sha256=${digits.toUpperCase()}`)),
    /must be lower case/,
  ],
  ['a signature without prefix', toCurl(withHeader(name.signature, digits)), /prefix is missing/],
  ['a signature in quotes', toCurl(withHeader(name.signature, `"sha256=${digits}"`)), /quotes around it/],
  [
    'two signatures',
    toRawHttp(withHeader(name.signature, [`sha256=${'0'.repeat(64)}`, `sha256=${digits}`])),
    /appears more than once/,
  ],
  [
    'SHA-1',
    toCurl(
      withHeader(name.signature, `sha1=${createHmac('sha1', secret).update(genuine.body).digest('hex')}`),
    ),
    /made with SHA-1/,
  ],
  ['SHA-512', toCurl(withHeader(name.signature, `sha512=${sha512}`)), /made with SHA-512/],
  [
    'a timestamp in milliseconds',
    toHar([withHeader(name.timestamp, String(nowMs))]),
    /looks like milliseconds/,
  ],
  [
    'a date as timestamp',
    toHar([withHeader(name.timestamp, '2026-03-01T12:00:00Z')]),
    /It is a date as text/,
  ],
  ['a request that was late', toHar([genuine], '2026-03-01T12:10:00Z'), /It is 600 s old/, { args: [] }],
  [
    'a clock that is slow',
    toHar([genuine], '2026-03-01T09:00:00Z'),
    /It is 10800 s ahead: this machine's clock is slow/,
    { args: [] },
  ],
  ['GET', toCurl(genuine).replace('-X POST', '-X GET'), /is no POST/],
];

/** Runs the command, and expects this cause and no other. */
async function expectCause([, capture, cause, { args = at, env = {}, count = 1 } = {}]: Case): Promise<void> {
  const secretArgs = args.includes('--secret') ? [] : ['--secret', secret];
  const { exitCode, out, err } = await runDiagnose(capture, [...secretArgs, ...args], { cwd: folder, env });
  expect(err).toBe('');
  const causes = out.split('\n').filter((line) => line.startsWith('→'));
  expect(causes.join('\n')).toMatch(cause);
  expect(causes).toHaveLength(count);
  expect(exitCode).toBe(1);
  expect(out).not.toContain(secret.slice(6));
  expect(out).not.toMatch(/[0-9a-f]{40}/i);
}

describe('the cause is named for a capture with a changed body:', () => {
  // Node 20 has no zstd.
  it.skipIf(!('zstdCompressSync' in zlib))('zstd', async () => {
    const body = zlib.zstdCompressSync(compact);
    await expectCause([
      'zstd',
      toLambdaEvent(await changed(compact, body)),
      /compressed \(zstd\).*body decompressed/,
    ]);
  });

  it.each(sharedFaults)('%s', async (...each) => expectCause(each as unknown as Case));
  it.each(ownFaults)('%s', async (...each) => expectCause(each as unknown as Case));
});

describe('the cause is named for a capture that was signed with another secret:', () => {
  it.each(secretFaults)('%s', async (...each) => expectCause(each as unknown as Case));
});

describe('the cause is named for a capture with a fault in its headers:', () => {
  it.each(headerFaults)('%s', async (...each) => expectCause(each as unknown as Case));
});

describe('the receiver and the command give the same hint for', () => {
  const bodies: readonly (readonly [string, Promise<Printed>])[] = [
    ['changed line endings', changed(pretty, pretty.replaceAll('\n', '\r\n'))],
    ['JSON that was serialised again', changed(compact, pretty)],
    ['a byte order mark', changed(compact, `\uFEFF${compact}`)],
    ['UTF-8 read as Latin-1', changed(compact, Buffer.from(compact).toString('latin1'))],
    ['gzip', changed(compact, gzipSync(compact))],
    ['UTF-16', changed(compact, Buffer.from(compact, 'utf16le'))],
    ['base64', changed(compact, Buffer.from(compact).toString('base64'))],
    ['an unknown change', changed(compact, '{}')],
    ['no signature', Promise.resolve(withHeader(name.signature, undefined))],
    ['a signature without prefix', Promise.resolve(withHeader(name.signature, digits))],
    ['a timestamp in milliseconds', Promise.resolve(withHeader(name.timestamp, String(nowMs)))],
  ];

  it.each(bodies)('%s', async (_name, printing) => {
    const request = await printing;
    const hints: (string | undefined)[] = [];
    const receiver = createReceiver({ secret, now: () => nowMs, onRejected: ({ hint }) => hints.push(hint) });
    await receiver.receive({ headers: Object.fromEntries(request.headers), body: request.body });
    const { out } = await runDiagnose(toLambdaEvent(request), ['--secret', secret, ...at]);
    expect(hints[0]).toBeTypeOf('string');
    expect(out).toContain(hints[0]);
  });
});
