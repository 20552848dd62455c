// The built command as a process: pipes, signals and exit codes. Needs `npm run build`.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createNodeHandler } from '../../adapters/node.js';
import { createReceiver } from '../../src/index.js';
import { close, listen } from '../support/http-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const program = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const secret = 'whsec_secret_of_the_receiver';
const folder = temporaryFolder();
let server: Server;
let url: string;
let started: ChildProcess[];

beforeEach(async () => {
  started = [];
  server = createServer(createNodeHandler(createReceiver({ secret, logger: false })));
  url = await listen(server);
});
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL');
  await close(server);
});

/** A running command, with what it has written so far. */
class Run {
  out = '';
  err = '';
  readonly child;
  readonly exitCode: Promise<number | null>;

  constructor(args: readonly string[]) {
    const env = { ...process.env, HOSTWARES_WEBHOOK_SECRET: secret };
    this.child = spawn(process.execPath, [program, ...args], { cwd: folder, env });
    started.push(this.child);
    this.child.stdout.on('data', (chunk: Uint8Array) => (this.out += chunk.toString()));
    this.child.stderr.on('data', (chunk: Uint8Array) => (this.err += chunk.toString()));
    this.exitCode = once(this.child, 'close').then(([code]) => code as number | null);
  }

  async waitFor(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.out);
      if (match) return match;
      await Promise.race([
        once(this.child.stdout, 'data'),
        this.exitCode.then((code) => {
          throw new Error(`ended with ${code} before ${pattern}: ${this.err}`);
        }),
      ]);
    }
  }
}

it.each(['SIGINT', 'SIGTERM'] as const)('dev ends with 130 on %s and frees its port', async (signal) => {
  const run = new Run(['dev', '--port', '0', '--forward-to', url]);
  await run.waitFor(/Forwarding/);
  const [address] = await run.waitFor(/http:\/\/127\.0\.0\.1:\d+/);
  expect(run.out).not.toContain('\x1b');
  run.child.kill(signal);
  expect(await run.exitCode).toBe(130);
  expect(run.err).toBe('');
  await expect(fetch(address)).rejects.toThrow();
});

it('trigger and tail use the emulator of dev', async () => {
  const dev = new Run(['dev', '--port', '0', '--forward-to', url, '--json']);
  const [, address] = await dev.waitFor(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/);
  await dev.waitFor(/"type":"endpoint"/);
  const tail = new Run(['tail', '--url', address!]);
  await once(tail.child.stderr, 'data');
  const trigger = new Run(['trigger', 'credits.low', '--url', address!]);
  expect(await trigger.exitCode).toBe(0);
  expect(trigger.out).toMatch(/^credits\.low {11}200 /);
  await tail.waitFor(/credits\.low.*succeeded/);
  tail.child.kill('SIGINT');
  expect(await tail.exitCode).toBe(130);
});

it('sign reads a pipe, and what it prints passes verify', async () => {
  const body =
    '{"id":"evt_1","event":"ping","timestamp":"2026-01-01T00:00:00Z","account_id":"a","data":{}}\n';
  const sign = new Run(['sign', '--json']);
  sign.child.stdin.end(body);
  expect(await sign.exitCode).toBe(0);
  const { headers } = JSON.parse(sign.out) as { headers: Record<string, string> };
  const verify = new Run(['verify', '--signature', headers['X-Hostwares-Signature']!]);
  verify.child.stdin.end(body);
  expect(await verify.exitCode).toBe(0);
});

it('sign ends with 130 on SIGINT while its standard input is open', async () => {
  const sign = new Run(['sign']);
  // More than a pipe holds: once it is written, the process is reading, and has its signal handlers.
  await new Promise<void>((resolve) => {
    sign.child.stdin.write(Buffer.alloc(1_000_000), () => resolve());
  });
  sign.child.kill('SIGINT');
  expect(await sign.exitCode).toBe(130);
});

it('a command whose output nobody reads any more ends as with Ctrl-C', async () => {
  const dev = new Run(['dev', '--port', '0', '--forward-to', url, '--json']);
  const [, address] = await dev.waitFor(/"url":"(http:\/\/127\.0\.0\.1:\d+)"/);
  await dev.waitFor(/"type":"endpoint"/);
  const trigger = new Run(['trigger', 'credits.low', '--count', '200', '--url', address!]);
  trigger.child.stdout.destroy();
  expect(await trigger.exitCode).toBe(130);
  expect(trigger.err).not.toContain('EPIPE');
});
