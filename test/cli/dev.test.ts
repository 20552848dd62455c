// `dev` in process, with its endpoints on a real receiver.
import { createServer, type Server } from 'node:http';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeHandler } from '../../adapters/node.js';
import { runCli } from '../../src/cli/run.js';
import { createReceiver, type WebhookEvent } from '../../src/index.js';
import { createTestContext, type TestContext, type TestContextOptions } from '../support/cli-context.js';
import { close, listen } from '../support/http-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const secret = 'whsec_secret_of_the_receiver';
const folder = temporaryFolder();
let cwd: string;
let server: Server;
let url: string;
let received: WebhookEvent[];
let running: (() => Promise<void>)[];

beforeEach(async () => {
  cwd = mkdtempSync(join(folder, 'case-'));
  received = [];
  running = [];
  const receiver = createReceiver({ secret, logger: false });
  receiver.onAny((event) => {
    received.push(event);
  });
  server = createServer(createNodeHandler(receiver));
  url = `${await listen(server)}/hooks`;
});
afterEach(async () => {
  for (const end of running) await end();
  await close(server);
});

interface Dev extends TestContext {
  readonly exitCode: Promise<number>;
}

function dev(args: readonly string[], options: TestContextOptions = {}): Dev {
  const context = createTestContext({ cwd, ...options });
  const exitCode = runCli(['dev', '--port', '0', ...args], context);
  running.push(async () => {
    context.interrupt();
    await exitCode;
  });
  return { ...context, exitCode };
}

/** Sends an event through the emulator whose address was printed. */
async function trigger({ out, err }: Dev, event: string): Promise<void> {
  const address = /http:\/\/127\.0\.0\.1:\d+/.exec(out() + err())?.[0] ?? '';
  const body = JSON.stringify({ event, data: { site_name: 'shop', site_id: 'site_1' } });
  const headers = { 'content-type': 'application/json' };
  expect((await fetch(`${address}/emulator/events`, { method: 'POST', headers, body })).status).toBe(201);
}

async function freePort(): Promise<number> {
  const other = createServer();
  const port = Number(new URL(await listen(other)).port);
  await close(other);
  return port;
}

describe('dev', () => {
  it('prints the dashboard, the endpoint, and one line per attempt', async () => {
    const run = dev(['--forward-to', url, '--secret', secret]);
    await run.waitFor(/Forwarding/);
    expect(run.out()).toMatch(/^Dashboard {2}http:\/\/127\.0\.0\.1:\d+\n/);
    expect(run.out()).toMatch(/\d\d:\d\d:\d\d {2}ping {18}200 +\d+ ms\n/);
    expect(run.out()).toContain(`Forwarding all events to ${url}\n`);
    await trigger(run, 'site.deleted');
    await run.waitFor(/site\.deleted +200 +\d+ ms\n/);
    expect(received.map(({ event }) => event)).toEqual(['ping', 'site.deleted']);
  });

  it('hides the signature that an endpoint repeats in its response', async () => {
    const echo = createServer((request, response) => {
      response.writeHead(500).end(`got ${String(request.headers['x-hostwares-signature'])}`);
    });
    const run = dev(['--forward-to', await listen(echo)]);
    await run.waitFor(/Forwarding/);
    await trigger(run, 'site.deleted');
    await run.waitFor(/site\.deleted +500 .*got sha256=… \(hidden\)/);
    expect(run.out() + run.err()).not.toMatch(/sha256=[0-9a-f]{64}/);
    await close(echo);
  });

  it('prints a line for an event that is held, because its endpoint is disabled', async () => {
    // 410 disables an endpoint at once.
    const gone = createServer((_request, response) => response.writeHead(410).end());
    const run = dev(['--forward-to', await listen(gone)]);
    await run.waitFor(/Forwarding/);
    await trigger(run, 'site.deleted');
    await run.waitFor(/site\.deleted +410/);
    await trigger(run, 'site.created');
    await run.waitFor(/site\.created +held {2}the endpoint is disabled: enable it on the dashboard/);
    await close(gone);
  });

  it('prints a secret that it made before the first ping', async () => {
    const silent = createServer((request) => {
      outAtPing ??= run.out();
      request.resume().on('end', () => request.socket.destroy());
    });
    let outAtPing: string | undefined;
    const run = dev(['--forward-to', await listen(silent)]);
    await run.waitFor(/Forwarding/);
    expect(outAtPing).toMatch(/\nHOSTWARES_WEBHOOK_SECRET=whsec_[\w-]{43}\n/);
    await close(silent);
  });

  it('signs with the secret of .env, and does not repeat it', async () => {
    writeFileSync(join(cwd, '.env'), `HOSTWARES_WEBHOOK_SECRET=${secret}\n`);
    const run = dev(['--forward-to', url]);
    await run.waitFor(/ping +200/);
    expect(run.out()).toContain('Signing with HOSTWARES_WEBHOOK_SECRET of .env.');
    expect(run.out()).not.toContain(secret);
  });

  it('prints only the line for .env on standard output with --print-secret', async () => {
    const odd = "whsec_'quoted' # and spaced";
    const run = dev(['--forward-to', url, '--secret', odd, '--print-secret']);
    await run.waitFor(/Forwarding/);
    expect(parseEnv(run.out())).toEqual({ HOSTWARES_WEBHOOK_SECRET: odd });
    expect(run.out().trim().split('\n')).toHaveLength(1);
    expect(run.err()).toContain('Dashboard');
  });

  it('sends each URL only its own events, with wildcards', async () => {
    const run = dev(['--forward-to', `deployment.*,credits.low=${url}`, '--secret', secret]);
    await run.waitFor(/Forwarding/);
    expect(run.out()).toContain(
      'Forwarding deployment.started, deployment.completed, deployment.failed, credits.low to',
    );
    await trigger(run, 'site.deleted');
    await trigger(run, 'credits.low');
    await run.waitFor(/credits\.low +200/);
    expect(received.map(({ event }) => event)).toEqual(['ping', 'credits.low']);
  });

  it('gives the reason of a failure in words, and the time of the next attempt', async () => {
    const run = dev(['--forward-to', url, '--secret', 'whsec_of_somebody_else']);
    await run.waitFor(/Forwarding/);
    await trigger(run, 'credits.low');
    await run.waitFor(/credits\.low.*\n/);
    expect(run.out()).toMatch(
      /credits\.low {11}401 +\d+ ms {2}signature_mismatch: the receiver has another secret, .*; next attempt in 10 s, at \d\d:\d\d:\d\d\n/,
    );
  });

  it('says at once if nothing listens at the URL, and keeps trying', async () => {
    const port = await freePort();
    const run = dev(['--forward-to', `http://localhost:${port}/hooks`, '--secret', secret]);
    await run.waitFor(/Forwarding/);
    expect(run.out()).toContain(
      `connection refused: nothing listens at localhost:${port} yet. Start your server; events are retried\n`,
    );
    await trigger(run, 'credits.low');
    await run.waitFor(/credits\.low.*connection refused.*next attempt in 10 s/);
  });

  it('prints one JSON object per line with --json', async () => {
    const run = dev(['--forward-to', url, '--secret', secret, '--json']);
    await run.waitFor(/"type":"endpoint"/);
    const lines = run.out().trim().split('\n');
    const objects = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(objects.map(({ type }) => type)).toEqual(['started', 'secret', 'attempt', 'endpoint']);
    expect(objects[2]).toMatchObject({ event: 'ping', ok: true, status: 200, reason: null });
  });

  it('escapes what a response would do to the terminal', async () => {
    const hostile = createServer((_, response) => {
      response.writeHead(500).end('\x1b[2J\x1b]0;title\x07\nFORGED LINE');
    });
    const run = dev(['--forward-to', await listen(hostile), '--secret', secret]);
    await run.waitFor(/Forwarding/);
    expect(run.out()).toContain('\\u{1b}[2J\\u{1b}]0;title\\u{7}\\u{a}FORGED LINE');
    expect(run.out()).not.toContain('\x1b');
    await close(hostile);
  });

  it('ends with 130 on Ctrl-C, also during a ping, and frees its port', async () => {
    const hanging = createServer();
    const run = dev(['--forward-to', await listen(hanging), '--secret', secret]);
    await run.waitFor(/Put this line/);
    run.interrupt();
    expect(await run.exitCode).toBe(130);
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(run.out())?.[0] ?? '';
    await expect(fetch(address)).rejects.toThrow();
    await close(hanging);
  });

  it('tells how to go on without a URL', async () => {
    const run = dev([]);
    await run.waitFor(/No endpoint yet: add one on the dashboard, or start again with --forward-to URL\./);
  });
});

describe('dev with input that is not valid', () => {
  it('exits with 3 if the port is taken, and suggests --port 0', async () => {
    const context = createTestContext({ cwd });
    const { port } = new URL(url);
    expect(await runCli(['dev', '--port', port], context)).toBe(3);
    expect(context.err()).toBe(
      `Port ${port} is taken by another process. Stop that process, or use port 0 for a free port (--port 0).\n`,
    );
  });

  it.each([
    [['--forward-to', 'localhost:3000'], 'expected a URL such as http://localhost:3000/webhooks/hostwares'],
    [['--forward-to', 'ftp://localhost'], 'expected a URL such as'],
    [['--forward-to', 'http://192.168.1.4:3000/'], 'or --allow-private-network.'],
    [['--forward-to', 'deploiment.*=http://localhost'], 'deploiment.* is not an event type.'],
    [['--forward-to', 'http://localhost', '--events', 'credits.lo'], 'Did you mean credits.low?'],
    [
      ['--secret', 'short'],
      'The secret must have at least 16 characters. (HOSTWARES_WEBHOOK_SECRET of --secret)',
    ],
    [['--prot', '1'], 'Did you mean --port?'],
    [['--port', '99999'], 'Expected a whole number from 0 to 65535'],
    [['--json', '--print-secret'], 'cannot be used with'],
  ])('exits with 2 for %j', async (args, message) => {
    const context = createTestContext({ cwd });
    expect(await runCli(['dev', ...args], context)).toBe(2);
    expect(context.err()).toContain(message);
    expect(context.out()).toBe('');
  });

  it('accepts an http: URL on another machine with --allow-private-network', async () => {
    const run = dev(['--forward-to', 'http://192.0.2.1/', '--allow-private-network', '--secret', secret]);
    await run.waitFor(/Put this line/);
  });
});

const isWithSqlite = process.getBuiltinModule('node:sqlite') !== (undefined as unknown);

describe('dev with --db', () => {
  const attempt = /site\.deleted +200/;

  it.skipIf(!isWithSqlite)('reuses the endpoint with the same URL, its events and its secret', async () => {
    const first = dev(['--forward-to', `site.*=${url}`, '--db', 'hooks.db']);
    await first.waitFor(/Forwarding/);
    const made = /HOSTWARES_WEBHOOK_SECRET=(\S+)/.exec(first.out())?.[1];
    first.interrupt();
    await first.exitCode;
    const second = dev(['--forward-to', url, '--db', 'hooks.db']);
    await second.waitFor(/Forwarding/);
    expect(second.out()).toContain(`HOSTWARES_WEBHOOK_SECRET=${made}`);
    expect(second.out()).toContain(
      `Forwarding site.status_changed, site.created, site.deleted to ${url} (endpoint of the database)`,
    );
    second.interrupt();
    await second.exitCode;
    const third = dev(['--forward-to', url, '--db', 'hooks.db', '--secret', secret]);
    await third.waitFor(/ping +200/);
    await trigger(third, 'site.deleted');
    await third.waitFor(attempt);
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(third.out())?.[0] ?? '';
    const { api_key: key } = (await (await fetch(`${address}/emulator`)).json()) as { api_key: string };
    const response = await fetch(`${address}/api/webhooks`, { headers: { authorization: `Bearer ${key}` } });
    expect(((await response.json()) as { data: unknown[] }).data).toHaveLength(1);
  });

  it.skipIf(!isWithSqlite)(
    'exits with 3 for a file that is not a database, and leaves it as it is',
    async () => {
      const text = 'This is a letter, and not a database at all. '.repeat(100);
      writeFileSync(join(cwd, 'letter.txt'), text);
      const context = createTestContext({ cwd });
      expect(await runCli(['dev', '--port', '0', '--db', 'letter.txt'], context)).toBe(3);
      expect(context.err()).toContain('letter.txt');
      expect(context.err()).toContain('it is not a database');
      expect(readFileSync(join(cwd, 'letter.txt'), 'utf8')).toBe(text);
    },
  );

  it.skipIf(!isWithSqlite)('exits with 3 if another process uses the file', async () => {
    const first = dev(['--db', 'hooks.db']);
    await first.waitFor(/No endpoint yet/);
    const context = createTestContext({ cwd });
    expect(await runCli(['dev', '--port', '0', '--db', 'hooks.db'], context)).toBe(3);
    expect(context.err()).toContain('it is in use by another process');
  });

  it.skipIf(isWithSqlite)('works in memory on a Node without SQLite, and says so', async () => {
    const run = dev(['--db', 'hooks.db']);
    await run.waitFor(/No endpoint yet/);
    expect(run.err()).toContain('--db needs Node 22.13 or later');
    expect(existsSync(join(cwd, 'hooks.db'))).toBe(false);
  });
});

describe('dev in a terminal', () => {
  /** A keyboard whose keys a test presses. */
  class Keyboard implements AsyncIterable<Uint8Array> {
    private readonly pressed: string[] = [];
    private notify: () => void = () => undefined;

    press(...keys: string[]): void {
      this.pressed.push(...keys);
      this.notify();
    }

    async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
      for (;;) {
        for (const key of this.pressed.splice(0)) yield new TextEncoder().encode(key);
        await new Promise<void>((resolve) => {
          this.notify = resolve;
          if (this.pressed.length > 0) resolve();
        });
      }
    }
  }

  let keyboard: Keyboard;
  let run: Dev;
  beforeEach(async () => {
    keyboard = new Keyboard();
    const env = { NO_COLOR: '1' };
    run = dev(['--forward-to', url, '--secret', secret], {
      stdin: keyboard,
      isStdinTTY: true,
      isStdoutTTY: true,
      env,
    });
    await run.waitFor(/Keys: t trigger/);
  });

  it('triggers the event that is typed after t, and the same one again after Enter', async () => {
    keyboard.press('t', 'credits.lox', '\x7f', 'w', '\r');
    await run.waitFor(/credits\.low {11}200/);
    keyboard.press('t', '\r');
    await run.waitFor(/credits\.low {11}200[^]*credits\.low {11}200/);
    expect(run.out()).toContain('Event [credits.low]: ');
  });

  it('suggests the nearest event for a misspelt one, and sends nothing', async () => {
    keyboard.press('t', 'credits.lo', '\r');
    await run.waitFor(/credits\.lo is not an event type\. Did you mean credits\.low\?/);
    expect(received).toHaveLength(1);
  });

  it('redelivers the last event with r, and shows it with d without its signature', async () => {
    keyboard.press('r', 'd');
    await run.waitFor(/nothing to redeliver yet[^]*no delivery yet/);
    keyboard.press('t', 'credits.low', '\r');
    await run.waitFor(/credits\.low {11}200/);
    keyboard.press('r');
    await run.waitFor(/credits\.low {11}200[^]*credits\.low {11}200/);
    keyboard.press('d');
    await run.waitFor(/Response: 200/);
    expect(run.out()).toContain('x-hostwares-signature: sha256=… (hidden)');
    expect(run.out()).toContain('"balance": 4.2');
    expect(run.out()).toContain('{\n      "received": true\n    }');
    expect(run.out()).not.toMatch(/sha256=[0-9a-f]/);
  });

  it('ignores arrow keys, and leaves the question with Escape', async () => {
    keyboard.press('t', 'x', '\x1b[A', '\x1b', '?');
    await run.waitFor(/Keys:[^]*Keys:/);
    expect(run.out()).toContain(']: x\n');
  });

  it('ends with 0 on q and with 130 on Ctrl-C', async () => {
    keyboard.press('q');
    expect(await run.exitCode).toBe(0);
    const other = new Keyboard();
    const second = dev([], { stdin: other, isStdinTTY: true, isStdoutTTY: true });
    await second.waitFor(/Keys/);
    other.press('\x03');
    expect(await second.exitCode).toBe(130);
  });
});
