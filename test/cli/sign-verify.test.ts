import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { runCli } from '../../src/cli/run.js';
import { signPayload } from '../../src/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { createTestContext, type TestContextOptions } from '../support/cli-context.js';
import { close, listen } from '../support/http-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const secret = 'whsec_secret_of_the_receiver';
const body = `${JSON.stringify(sampleEvent('credits.low', { id: 'evt_1' }))}\n`;
const folder = temporaryFolder();
let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(folder, 'case-'));
  writeFileSync(join(cwd, "it's a body.json"), body);
});

async function run(args: readonly string[], options: TestContextOptions = {}) {
  const env = { HOSTWARES_WEBHOOK_SECRET: secret };
  const context = createTestContext({ cwd, env, ...options });
  const code = await runCli(args, context);
  return { code, out: context.out(), err: context.err() };
}

describe('sign', () => {
  it('prints the headers of the exact bytes, of a file and of standard input', async () => {
    const expected = `X-Hostwares-Signature: ${await signPayload(body, secret)}\n`;
    const fromFile = await run(['sign', "it's a body.json"]);
    expect(fromFile.out).toContain(expected);
    expect(fromFile.out).toMatch(
      /^Content-Type: application\/json\n.*\nX-Hostwares-Timestamp: \d{10}\n\ncurl /,
    );
    expect([fromFile.code, fromFile.err]).toEqual([0, '']);
    expect((await run(['sign'], { stdin: body })).out).toContain(expected);
  });

  it('prints a curl command that a shell turns into the signed request', async () => {
    const server = createServer();
    const url = `${await listen(server)}/hooks?a=1&b='2'`;
    const received = new Promise<{ headers: IncomingHttpHeaders; text: string }>((resolve) => {
      server.on('request', (request, response) => {
        const chunks: Uint8Array[] = [];
        request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
        request.on('end', () => {
          response.end();
          resolve({ headers: request.headers, text: new TextDecoder().decode(Buffer.concat(chunks)) });
        });
      });
    });
    const { out } = await run(['sign', "it's a body.json", '--url', url, '--json']);
    const { headers, curl } = JSON.parse(out) as { headers: Record<string, string>; curl: string };
    // A curl of our own: the machine of the tests may have none, and the arguments are what matters.
    const args = execFileSync('sh', ['-c', `curl() { printf '%s\\0' "$@"; }\n${curl}`], { encoding: 'utf8' });
    const [target, ...rest] = args.split('\0').slice(0, -1);
    expect(target).toBe(new URL(url).href);
    expect(rest.slice(-2)).toEqual(['--data-binary', "@it's a body.json"]);
    await fetch(target!, { method: 'POST', headers, body });
    const request = await received;
    expect(request.text).toBe(body);
    expect(request.headers['x-hostwares-signature']).toBe(await signPayload(body, secret));
    await close(server);
  });

  it('warns of a body that a receiver rejects', async () => {
    const { code, err } = await run(['sign'], { stdin: '{"id":"evt_1"}' });
    expect(code).toBe(0);
    expect(err).toContain('standard input is signed, but a receiver rejects it: invalid_envelope');
  });

  it('exits with 2 without a secret, and with 3 for a missing file', async () => {
    expect((await run(['sign'], { env: {}, stdin: body })).code).toBe(2);
    expect((await run(['sign', 'absent'])).code).toBe(3);
  });
});

describe('verify', () => {
  const now = (): string => String(Math.floor(Date.now() / 1000));

  it('accepts what sign prints', async () => {
    const { out } = await run(['sign', '--json'], { stdin: body });
    const { headers } = JSON.parse(out) as { headers: Record<string, string> };
    const result = await run(
      [
        'verify',
        '--signature',
        headers['X-Hostwares-Signature']!,
        '--timestamp',
        headers['X-Hostwares-Timestamp']!,
      ],
      { stdin: body },
    );
    expect(result).toEqual({ code: 0, out: 'ok  The signature matches: credits.low, evt_1.\n', err: '' });
  });

  it('exits with 1, and says what was done to the body', async () => {
    const signature = await signPayload(body.trim(), secret);
    const { code, out } = await run(['verify', '--signature', signature], { stdin: body });
    expect(code).toBe(1);
    expect(out).toMatch(/^signature_mismatch {2}/);
    expect(out).toMatch(/line break|white space|newline/i);
    expect(out).not.toContain(secret);
  });

  it('says whether the signature matches if the timestamp is old', async () => {
    const signature = await signPayload(body, secret);
    const args = ['--timestamp', String(Number(now()) - 4_000), '--json'];
    const { code, out } = await run(['verify', '--signature', signature, ...args], { stdin: body });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      code: 'timestamp_outside_tolerance',
      hint: expect.stringMatching(/400\d s old.* The signature matches\.$/) as string,
    });
    const wrong = await run(['verify', '--signature', `sha256=${'0'.repeat(64)}`, ...args], { stdin: body });
    expect(wrong.out).toContain('The signature does not match either.');
  });

  it('names the mistake in a malformed signature', async () => {
    const { code, out } = await run(['verify', '--signature', 'a'.repeat(64)], { stdin: body });
    expect(code).toBe(1);
    expect(out).toContain('The sha256= prefix is missing');
  });

  it('exits with 2 without --signature', async () => {
    const { code, err } = await run(['verify'], { stdin: body });
    expect(code).toBe(2);
    expect(err).toContain('Pass the value of the X-Hostwares-Signature header');
  });
});
