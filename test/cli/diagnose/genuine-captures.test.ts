// Genuine requests in every format, the choice among several requests, and the output.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSignedRequest } from '../../../src/testing/index.js';
import { toDeliveryDetailsJson } from '../../../src/sender/api/json.js';
import { signPayload } from '../../../src/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import {
  toChunkedHttp,
  toCurl,
  toHar,
  toHarEntry,
  toJsonText,
  toLambdaEvent,
  toPrinted,
  toRawHttp,
} from './printers.js';
import { runDiagnose } from './run-diagnose.js';

const secret = 'whsec_of_genuine_captures_1';
const nowMs = Date.parse('2026-03-01T12:00:00Z');
const at = ['--at', String(nowMs / 1000)];
const genuine = await toPrinted(await createSignedRequest('deployment.failed', { secret, now: () => nowMs }));
const { headers } = genuine;
const text = Buffer.from(genuine.body).toString('utf8');
const signature = headers.find(([name]) => name === 'x-hostwares-signature')![1];
const other = { headers: [['accept', '*/*']] as const, body: new Uint8Array() };
const folder = temporaryFolder();
writeFileSync(join(folder, 'body.bin'), genuine.body);

const flags = headers.map(([name, value]) => `-H '${name}: ${value}'`).join(' ');
const lambda = JSON.parse(toLambdaEvent(genuine)) as Record<string, unknown>;

describe('a genuine request is recognised in', () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    [
      'raw HTTP with CRLF',
      toRawHttp(genuine),
      /^Read as raw HTTP, POST \/webhooks\/hostwares, body of \d+ bytes$/m,
    ],
    ['raw HTTP with LF', toRawHttp(genuine, '\n'), /^Read as raw HTTP/],
    ['raw HTTP without a request line', toRawHttp(genuine, '\n').subarray(35), /^Read as raw HTTP, body/],
    [
      'raw HTTP with a folded header',
      Buffer.concat([Buffer.from('POST / HTTP/1.1\nX-Long: a\n b\n'), toRawHttp(genuine, '\n').subarray(35)]),
      /^Read as raw HTTP/,
    ],
    [
      'raw HTTP of HTTP/2',
      Buffer.concat([Buffer.from(':method: POST\n:path: /h2\n'), toRawHttp(genuine, '\n').subarray(35)]),
      /^Read as raw HTTP, POST \/h2/,
    ],
    [
      'raw HTTP after empty lines and a byte order mark',
      Buffer.concat([Buffer.from('\uFEFF\r\n\n'), toRawHttp(genuine)]),
      /^Read as raw HTTP/,
    ],
    ['chunked HTTP', toChunkedHttp(genuine, 7), /^Read as raw HTTP/],
    [
      'HTTP that was chunked, with the body joined',
      toRawHttp({ headers: [...headers, ['transfer-encoding', 'chunked']], body: genuine.body }),
      /the body of the capture has no chunks/,
    ],
    [
      'raw HTTP with a line break after the body',
      Buffer.concat([
        toRawHttp({ ...genuine, headers: [...headers, ['content-length', String(genuine.body.length)]] }),
        Buffer.from('\n'),
      ]),
      /has 1 more bytes after the body/,
    ],
    ['UTF-16 of PowerShell', Buffer.from(`\uFEFF${toCurl(genuine)}`, 'utf16le'), /The capture was UTF-16/],
    ['a curl command', toCurl(genuine), /^Read as a curl command, POST \/webhooks\/hostwares/],
    [
      'a curl command after a prompt, in a pipeline',
      `$ ${toCurl(genuine)} | jq .`,
      /^Read as a curl command/,
    ],
    [
      'a curl command with a file',
      `curl ${flags} --data-binary @body.bin https://example.com/a`,
      /^Read as a curl command, POST \/a/,
    ],
    [
      'a curl command with joined options',
      `curl -sSXPOST -o /dev/null ${flags.replaceAll('-H ', '-H')} --data-binary "@body.bin" --url localhost`,
      /^Read as a curl command/,
    ],
    ['a HAR file', toHar([genuine]), /^Read as HAR, entry 1 of 1, POST \/webhooks\/hostwares, body/],
    ['a HAR entry', JSON.stringify(toHarEntry(genuine)), /^Read as HAR, POST/],
    ['a Lambda event', toLambdaEvent(genuine), /^Read as JSON, POST/],
    [
      'a Lambda event of a function URL',
      JSON.stringify({
        headers: Object.fromEntries(headers),
        body: text,
        isBase64Encoded: false,
        rawPath: '/f',
        requestContext: { http: { method: 'POST' } },
      }),
      /^Read as JSON, POST \/f/,
    ],
    ['JSON with headers and a body', toJsonText(genuine), /^Read as JSON/],
    [
      'JSON with the flat headers of Node and a Buffer',
      JSON.stringify({ rawHeaders: headers.flat(), rawBody: Buffer.from(genuine.body) }),
      /^Read as JSON/,
    ],
    [
      'a list of requests',
      JSON.stringify([{ headers: {}, body: 'x' }, lambda]),
      /^Read as JSON, request 2 of 2/,
    ],
  ])('%s', async (_name, capture, first) => {
    const { exitCode, out, err } = await runDiagnose(capture, ['--secret', secret, ...at], { cwd: folder });
    expect(err).toBe('');
    expect(out).toMatch(first);
    expect(out).toMatch(
      /✔ signature matches the body and the secret\n✔ body is the event deployment\.failed/,
    );
    expect(out).toMatch(/→ The request is genuine\.\n$/);
    expect(exitCode).toBe(0);
  });

  it('the delivery details of the API, by its last attempt', async () => {
    const attempt = (number: number, startedAtMs: number, requestHeaders: Record<string, string>) => ({
      ...{
        number,
        startedAtMs,
        requestHeaders,
        url: 'http://127.0.0.1:1/hooks',
        endedAtMs: null,
        nextAttemptAtMs: null,
      },
    });
    const details = toDeliveryDetailsJson({
      delivery: { id: 'dlv_1', dueAtMs: null, createdAtMs: nowMs },
      event: { body: genuine.body },
      attempts: [
        attempt(1, nowMs - 3_600_000, { 'x-hostwares-signature': 'old' }),
        attempt(2, nowMs + 500, Object.fromEntries(headers)),
      ],
    } as never);
    const { exitCode, out } = await runDiagnose(JSON.stringify(details), ['--secret', secret]);
    expect(out).toMatch(/^Read as JSON, attempt 2 of 2, POST \/hooks/);
    expect(out).toContain('timestamp is exactly the time in the capture');
    expect(exitCode).toBe(0);
  });

  it('the delivery details of an emulator whose clock is ahead, by the time of the response', async () => {
    const details = {
      request_body: Buffer.from(genuine.body).toString(),
      attempt_log: [
        {
          url: 'http://127.0.0.1:1/hooks',
          started_at: new Date(nowMs + 9_441_000).toISOString(),
          request_headers: Object.fromEntries(headers),
          response_headers: { Date: new Date(nowMs).toUTCString() },
        },
      ],
    };
    const { exitCode, out } = await runDiagnose(JSON.stringify(details), ['--secret', secret]);
    expect(out).toMatch(/→ The request is genuine\.\n$/);
    expect(exitCode).toBe(0);
  });
});

describe('the time of a capture', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is now without another: a stale capture is genuine, and was valid when it was sent', async () => {
    vi.useFakeTimers({ now: nowMs + 3 * 86_400_000, toFake: ['Date'] });
    const { exitCode, out } = await runDiagnose(toRawHttp(genuine), ['--secret', secret]);
    expect(out).toContain('– timestamp is 3 days before now: normal for a capture');
    expect(out).not.toMatch(/cause/);
    expect(out).toContain('it was valid at the time it was sent');
    expect(exitCode).toBe(0);
  });

  it('is now without another: a timestamp in the future is a fault', async () => {
    vi.useFakeTimers({ now: nowMs - 3_600_000, toFake: ['Date'] });
    const { exitCode, out } = await runDiagnose(toRawHttp(genuine), ['--secret', secret]);
    expect(out).toMatch(/✘ timestamp is 1 hour after now, more than 300 s[^]*this machine's clock is slow/);
    expect(exitCode).toBe(1);
  });

  it('is no cause of a mismatch', async () => {
    vi.useFakeTimers({ now: nowMs + 3 * 86_400_000, toFake: ['Date'] });
    const { exitCode, out } = await runDiagnose(toRawHttp({ ...genuine, body: Buffer.from('{}') }), [
      '--secret',
      secret,
    ]);
    expect(out.match(/^→/gm)).toHaveLength(1);
    expect(out).toMatch(/→ likely cause: The secret is another/);
    expect(exitCode).toBe(1);
  });

  it('is the start of the HAR entry, or --at, which wins', async () => {
    const har = toHar([genuine], '2026-03-01T12:00:02Z');
    expect((await runDiagnose(har, ['--secret', secret])).out).toContain(
      '2 seconds before the time in the capture',
    );
    const { exitCode, out } = await runDiagnose(har, ['--secret', secret, '--at', '2026-03-04T14:00:00Z']);
    expect(out).toContain('✘ timestamp is 3 days 2 hours before the time of --at, more than 300 s');
    expect(exitCode).toBe(1);
  });

  it('is compared with --tolerance', async () => {
    const args = ['--secret', secret, '--at', '2026-03-01T12:00:05Z', '--tolerance'];
    expect((await runDiagnose(toRawHttp(genuine), [...args, '4'])).exitCode).toBe(1);
    expect((await runDiagnose(toRawHttp(genuine), [...args, '5'])).exitCode).toBe(0);
  });

  it.each([
    ['--at', 'yesterday'],
    ['--tolerance', '-1'],
    ['--tolerance', '1.5'],
  ])('is rejected for %s %s', async (flag, value) => {
    const { exitCode, err } = await runDiagnose(toRawHttp(genuine), ['--secret', secret, flag, value]);
    expect([exitCode, err]).toEqual([2, expect.stringContaining('Expected')]);
  });
});

describe('of several requests', () => {
  it('the webhooks are picked, and the output says which', async () => {
    const har = toHar(
      [other, genuine, other, { ...genuine, body: Buffer.from('{}') }],
      '2026-03-01T12:00:00Z',
    );
    const { exitCode, out } = await runDiagnose(har, ['--secret', secret]);
    expect(out.match(/^Read as.*entry \d of 4/gm)).toEqual([
      'Read as HAR, entry 2 of 4',
      'Read as HAR, entry 4 of 4',
    ]);
    expect(exitCode).toBe(1);
  });

  it('those with a body are picked if none is a webhook', async () => {
    const { exitCode, out } = await runDiagnose(toHar([other, { headers: [], body: Buffer.from('{}') }]), [
      '--secret',
      secret,
    ]);
    expect(out).toMatch(/entry 2 of 2[^]*header X-Hostwares-Signature is missing/);
    expect(exitCode).toBe(1);
  });

  it('the first 20 are diagnosed', async () => {
    const { out, err } = await runDiagnose(toHar(Array.from({ length: 21 }, () => genuine)), [
      '--secret',
      secret,
    ]);
    expect(out.match(/^Read as/gm)).toHaveLength(20);
    expect(err).toContain('first 20 of 21');
  });
});

describe('the secret', () => {
  it('is the first that matches of several, named by its position', async () => {
    const { exitCode, out } = await runDiagnose(toRawHttp(genuine), [
      '--secret',
      'whsec_old_of_this',
      '--secret',
      secret,
      ...at,
    ]);
    expect(out).toContain('signature matches the body and secret 2 of 2');
    expect(exitCode).toBe(0);
  });

  it('is read from the environment and from .env', async () => {
    const env = { HOSTWARES_WEBHOOK_SECRET: secret };
    expect((await runDiagnose(toRawHttp(genuine), at, { env })).exitCode).toBe(0);
    const cwd = temporaryFolderWithEnv();
    const { exitCode, out } = await runDiagnose(toRawHttp(genuine), at, { cwd });
    expect(out).toContain('the secret of .env');
    expect(exitCode).toBe(0);
  });

  it('is required', async () => {
    const { exitCode, err } = await runDiagnose(toRawHttp(genuine));
    expect([exitCode, err]).toEqual([2, expect.stringMatching(/^No secret\. Pass --secret/)]);
  });
});

function temporaryFolderWithEnv(): string {
  writeFileSync(join(folder, '.env'), `HOSTWARES_WEBHOOK_SECRET=${secret}\n`);
  return folder;
}

describe('the output', () => {
  it('is JSON with --json', async () => {
    const { out } = await runDiagnose(toHar([genuine], '2026-03-01T12:00:00Z'), [
      '--secret',
      secret,
      '--json',
    ]);
    const report = JSON.parse(out) as { requests: unknown[] };
    expect(report).toMatchObject({
      genuine: true,
      requests: [
        {
          format: 'HAR',
          position: 'entry 1 of 1',
          path: '/webhooks/hostwares',
          genuine: true,
          causes: [],
          event: { type: 'deployment.failed' },
        },
      ],
    });
    expect(out).not.toContain(secret);
    expect(out).not.toContain('private');
    const broken = JSON.parse(
      (
        await runDiagnose(toCurl({ ...genuine, body: Buffer.from('{}') }), [
          '--secret',
          secret,
          ...at,
          '--json',
        ])
      ).out,
    ) as unknown;
    expect(broken).toMatchObject({
      genuine: false,
      requests: [{ causes: [{ code: 'signature_mismatch', proof: null }] }],
    });
  });

  it('has the secret and the signatures with --show only', async () => {
    const request = { ...genuine, body: Buffer.from('{}') };
    const shown = await runDiagnose(toRawHttp(request), ['--secret', secret, ...at, '--show']);
    for (const each of [secret, signature, await signPayload('{}', secret)])
      expect(shown.out).toContain(each);
    const json = await runDiagnose(toRawHttp(request), ['--secret', secret, ...at, '--show', '--json']);
    expect(json.out).toContain(await signPayload('{}', secret));
  });

  it('has colours in a terminal only', async () => {
    const plain = await runDiagnose(toRawHttp(genuine), ['--secret', secret, ...at]);
    expect(plain.out).not.toContain('\x1b');
    const coloured = await runDiagnose(toRawHttp(genuine), ['--secret', secret, ...at], {
      isStdoutTTY: true,
    });
    expect(coloured.out).toContain('\x1b[32m✔');
  });
});

it('a body with a valid signature that is no event is a fault', async () => {
  const headers = [
    ['x-hostwares-signature', await signPayload('{"id":1}', secret)],
    ['x-hostwares-timestamp', String(nowMs / 1000)],
  ] as const;
  const { exitCode, out } = await runDiagnose(toRawHttp({ headers, body: Buffer.from('{"id":1}') }), [
    '--secret',
    secret,
    ...at,
  ]);
  expect(out).toMatch(
    /✘ body is no event \(invalid_envelope\)\n→ cause: The event's id is missing or malformed\. The signature is valid/,
  );
  expect(exitCode).toBe(1);
});
