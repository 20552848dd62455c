// Captures made to exhaust time or memory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { signPayload } from '../../../src/index.js';
import { toLambdaEvent, toRawHttp, type Printed } from './printers.js';
import { runDiagnose } from './run-diagnose.js';

const secret = 'whsec_of_captures_without_end';
const forged = (body: string | Uint8Array, ...more: readonly (readonly [string, string])[]): Printed => ({
  headers: [
    ['x-hostwares-signature', `sha256=${'0'.repeat(64)}`],
    ['x-hostwares-timestamp', '1772366400'],
    ...more,
  ],
  body: Buffer.from(body as string),
});
const run = (capture: string | Uint8Array) => runDiagnose(capture, ['--secret', secret]);

/** Compresses ten gigabytes of zeros: gzip members follow one another. */
function gzipBomb(): Buffer {
  const member = gzipSync(Buffer.alloc(100 * 1024 * 1024));
  return Buffer.concat(Array.from({ length: 100 }, () => member));
}

describe('a diagnosis ends in bounded time and memory for', () => {
  it('10 GB in gzip', { timeout: 60_000 }, async () => {
    const before = process.memoryUsage().rss;
    const { exitCode, out } = await run(toRawHttp(forged(gzipBomb())));
    expect(out).toContain('not tried: the decompressed body (more than 4194304 bytes)');
    expect(exitCode).toBe(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(1_000_000_000);
  });

  it('damaged gzip', async () => {
    const { out } = await run(toRawHttp(forged(gzipSync('{}').subarray(0, 12))));
    expect(out).toContain('the compressed data is damaged');
  });

  it.each([
    ['deep lists', '['.repeat(400) + ']'.repeat(400)],
    ['very deep lists', '['.repeat(130_000) + ']'.repeat(130_000)],
    ['many lists', `[${'[],'.repeat(80_000)}0]`],
    ['backslashes', `"${'\\\\'.repeat(130_000)}"`],
    ['escapes', `"${'\\u00e9'.repeat(43_000)}"`],
    ['slashes', `"${'/'.repeat(260_000)}"`],
    ['line breaks', '\n'.repeat(260_000)],
    ['form parameters', 'a=b&'.repeat(65_000)],
    ['base64', 'eyJ'.repeat(87_000)],
    ['text in UTF-8 that looks like UTF-16', '\0a'.repeat(130_000)],
  ])('a body of %s', async (_name, body) => {
    const { exitCode, out } = await run(toLambdaEvent(forged(body)));
    expect(out).toMatch(/→ likely cause/);
    expect(exitCode).toBe(1);
  });

  it('a body that is marked as base64 and consists of spaces', async () => {
    const capture = JSON.stringify({
      headers: { 'x-hostwares-signature': `sha256=${'a'.repeat(64)}` },
      isBase64Encoded: true,
      body: `${' '.repeat(500_000)}!`,
    });
    const { err } = await run(capture);
    expect(err).toContain('the body is marked as base64, but has other characters');
  });

  it('a curl command that names a large file many times', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'diagnose-'));
    try {
      writeFileSync(join(folder, 'large'), Buffer.alloc(9_000_000));
      const command = `curl http://127.0.0.1/${' -d @large'.repeat(10_000)}`;
      const { exitCode, err } = await runDiagnose(command, ['--secret', secret], { cwd: folder });
      expect(err).toMatch(/a body that is larger than 33554432 bytes/);
      expect(exitCode).toBe(2);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('a body of 20 MB, which is reported as too large', async () => {
    const body = 'x'.repeat(20_000_000);
    const request = forged(body);
    const { out } = await run(toRawHttp(request));
    expect(out).toMatch(/cause: The body is larger than the receiver's default limit/);
    const signed = {
      ...request,
      headers: [
        ['x-hostwares-signature', await signPayload(body, `${secret}\n`)],
        request.headers[1]!,
      ] as const,
    };
    expect((await run(toRawHttp(signed))).out).toMatch(/secret ends with a line break/);
  });

  it('a body above the largest payload, whose changes are not tried', async () => {
    const { out } = await run(toLambdaEvent(forged('x'.repeat(262_145))));
    expect(out).toContain('not tried: changes of a body above 262144 bytes');
    expect(out).not.toContain('tried: body');
  });

  it('a chunk that says it has 281 TB', async () => {
    const { out } = await run(toRawHttp(forged('ffffffffffff\r\n{}', ['transfer-encoding', 'chunked'])));
    expect(out).toContain('a chunk has 2 of 281474976710655 bytes');
  });

  it('a Content-Length beyond all numbers', async () => {
    const { out } = await run(toRawHttp(forged('{}', ['content-length', '9'.repeat(400)])));
    expect(out).toMatch(/likely cause: Content-Length says/);
  });

  it('200,000 chunks', async () => {
    const { out } = await run(
      toRawHttp(forged(`${'1\r\na\r\n'.repeat(200_000)}0\r\n\r\n`, ['transfer-encoding', 'chunked'])),
    );
    expect(out).toContain('body of 200000 bytes');
  });

  it('a capture of more than 32 MiB', async () => {
    const { exitCode, err } = await run(Buffer.alloc(33_554_433, 0x20));
    expect([exitCode, err]).toEqual([2, expect.stringContaining('longer than 33554432 bytes')]);
  });

  it('a thousand variables that look like secrets', async () => {
    const env = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, at) => [`SECRET_${at}`, `secret number ${at}`]),
    );
    const { exitCode } = await runDiagnose(toRawHttp(forged('{"a":1}')), ['--secret', secret], { env });
    expect(exitCode).toBe(1);
  });
});
