// `trigger` in process, through a real emulator and straight to a real receiver.
import { createServer, type Server } from 'node:http';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeHandler } from '../../adapters/node.js';
import { parseAssignment, setValue } from '../../src/cli/commands/trigger/assignments.js';
import { runCli } from '../../src/cli/run.js';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { createReceiver, eventTypes, type WebhookEvent } from '../../src/index.js';
import { createTestContext, type TestContextOptions } from '../support/cli-context.js';
import { close, listen } from '../support/http-server.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const secret = 'whsec_secret_of_the_receiver';
const folder = temporaryFolder();
let cwd: string;
let server: Server;
let url: string;
let emulator: Emulator;
let received: WebhookEvent[];

beforeEach(async () => {
  cwd = mkdtempSync(join(folder, 'case-'));
  received = [];
  const receiver = createReceiver({ secret, logger: false });
  receiver.onAny((event) => {
    received.push(event);
  });
  server = createServer(createNodeHandler(receiver));
  url = await listen(server);
  emulator = await startEmulator();
});
afterEach(async () => {
  await emulator.stop();
  await close(server);
});

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function trigger(args: readonly string[], options: TestContextOptions = {}): Promise<Outcome> {
  const context = createTestContext({ cwd, ...options });
  const code = await runCli(['trigger', ...args], context);
  return { code, out: context.out(), err: context.err() };
}

async function throughEmulator(args: readonly string[], options?: TestContextOptions): Promise<Outcome> {
  await emulator.createEndpoint({ url, events: ['*'], secret });
  received = [];
  return trigger([...args, '--url', emulator.url], options);
}

function toReceiver(args: readonly string[], options?: TestContextOptions): Promise<Outcome> {
  return trigger([...args, '--to', url, '--secret', secret], options);
}

describe('trigger through the emulator', () => {
  it('prints status, duration and response of each delivery', async () => {
    const { code, out, err } = await throughEmulator(['deployment.failed']);
    expect(out).toMatch(/^deployment\.failed {5}200 +\d+ ms {2}\{"received":true\}\n$/);
    expect([code, err]).toEqual([0, '']);
    expect(received.map(({ event }) => event)).toEqual(['deployment.failed']);
  });

  it('sends one of each type for all', async () => {
    const { code, err } = await throughEmulator(['all']);
    expect(code).toBe(0);
    expect(err).toBe('12 requests: 12 ok, 0 failed\n');
    expect(received.map(({ event }) => event)).toEqual(eventTypes);
  });

  it('exits with 1 and gives the reason if an attempt fails', async () => {
    await emulator.createEndpoint({ url, events: ['*'], secret: 'whsec_of_somebody_else' });
    const { code, out } = await trigger(['credits.low', '--url', emulator.url]);
    expect(code).toBe(1);
    expect(out).toMatch(
      /^credits\.low {11}401 +\d+ ms {2}signature_mismatch: the receiver has another secret/,
    );
  });

  it('exits with 1 if no endpoint is subscribed, and says how to add one', async () => {
    const { code, out } = await trigger(['credits.low', '--url', emulator.url]);
    expect(code).toBe(1);
    expect(out).toContain('no endpoint is subscribed to it. Add one: dev --forward-to URL, or the dashboard');
  });

  it('exits with 1 if the endpoint is disabled', async () => {
    const { id } = await emulator.createEndpoint({ url, events: ['*'], secret });
    await emulator.sender.disableEndpoint(id);
    const { code, out } = await trigger(['credits.low', '--url', emulator.url]);
    expect(code).toBe(1);
    expect(out).toContain('held: the endpoint is disabled');
  });

  it('prints one JSON object per delivery with --json', async () => {
    const { out } = await throughEmulator(['credits.low', '--json', '--set', 'id=evt_mine']);
    expect(JSON.parse(out)).toMatchObject({
      event: 'credits.low',
      event_id: 'evt_mine',
      delivery_id: expect.stringMatching(/^dlv_/) as string,
      ok: true,
      status: 200,
      reason: null,
      response: '{"received":true}',
    });
  });

  it('exits with 3 if no emulator runs, and says how to start one', async () => {
    await emulator.stop();
    const { code, err } = await trigger(['credits.low', '--url', emulator.url]);
    expect(code).toBe(3);
    expect(err).toBe(
      `No emulator runs at ${emulator.url} (connection refused). Start one: hostwares-webhooks dev --forward-to URL\n`,
    );
  });

  it('exits with 3 if another server runs there', async () => {
    const { code, err } = await trigger(['credits.low', '--url', url]);
    expect(code).toBe(3);
    expect(err).toContain(`The server at ${url} is not an emulator.`);
  });

  it('ends with 130 on Ctrl-C while it waits for a response', async () => {
    const hanging = createServer();
    const target = await listen(hanging);
    void emulator.createEndpoint({ url: target, events: ['*'], secret }).catch(() => undefined);
    const context = createTestContext({ cwd });
    const code = runCli(['trigger', 'credits.low', '--url', emulator.url], context);
    await new Promise((resolve) => hanging.once('request', resolve));
    context.interrupt();
    expect(await code).toBe(130);
    await close(hanging);
  });
});

describe('trigger --to', () => {
  it('signs the event and sends it straight to the URL', async () => {
    const { code, out } = await toReceiver(['ping']);
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(/^ping {18}200 +\d+ ms {2}\{"received":true\}\n$/),
    ]);
    expect(received[0]?.event).toBe('ping');
  });

  it('takes the secret of the environment', async () => {
    const env = { HOSTWARES_WEBHOOK_SECRET: secret };
    expect((await trigger(['credits.low', '--to', url], { env })).code).toBe(0);
  });

  it('exits with 1 if nothing listens there', async () => {
    await close(server);
    const { code, out } = await toReceiver(['credits.low']);
    expect(code).toBe(1);
    expect(out).toContain(`connection refused: nothing listens at ${new URL(url).host}`);
  });

  it('escapes what the response would do to the terminal', async () => {
    const hostile = createServer((_, response) => response.end('\x1b]0;title\x07\r\nok'));
    const { out } = await trigger(['ping', '--to', await listen(hostile), '--secret', secret]);
    expect(out).toContain('\\u{1b}]0;title\\u{7}\\u{d}\\u{a}ok\n');
    await close(hostile);
  });

  it('sends the same number of events with --count, at most --rate per second', async () => {
    const startedMs = performance.now();
    const { code, err } = await toReceiver(['credits.low', '--count', '5', '--rate', '40']);
    expect([code, err]).toEqual([0, '5 requests: 5 ok, 0 failed\n']);
    // The first is sent at once, and four intervals of 25 ms follow.
    expect(performance.now() - startedMs).toBeGreaterThan(95);
    expect(new Set(received.map(({ id }) => id)).size).toBe(5);
  });
});

describe("trigger with the user's own data", () => {
  it('sets fields to JSON or text', async () => {
    const set = ['data.site_name=blog', 'data.extra.deep=[1]', 'data.percent_remaining=1.5', 'id=evt_7'];
    await toReceiver(['credits.low', ...set.flatMap((each) => ['--set', each])]);
    expect(received[0]).toMatchObject({
      id: 'evt_7',
      data: { balance: 4.2, site_name: 'blog', extra: { deep: [1] }, percent_remaining: 1.5 },
    });
  });

  it('takes the data of a file, and completes the event', async () => {
    writeFileSync(join(cwd, 'data.json'), '{"balance": 1}');
    await toReceiver(['credits.low', '--data', 'data.json']);
    expect(received[0]).toMatchObject({ event: 'credits.low', data: { balance: 1 } });
    expect(received[0]?.data).not.toHaveProperty('limit');
  });

  it('takes a whole event of standard input', async () => {
    const event = { id: 'evt_1', event: 'credits.low', data: { balance: 2 } };
    await toReceiver(['credits.low', '--data', '-'], { stdin: JSON.stringify(event) });
    expect(received[0]).toMatchObject(event);
  });

  it('sends an event of an unknown type, and suggests the nearest known one', async () => {
    const { code, err } = await toReceiver(['credits.lo']);
    expect(code).toBe(0);
    expect(err).toBe(
      'credits.lo is not one of the twelve event types, and is sent as an unknown one. Did you mean credits.low?\n',
    );
    expect(received[0]).toMatchObject({ event: 'unknown', type: 'credits.lo' });
  });

  it.each([
    [['credits.low', '--data', '-'], '[1]', 'standard input must contain a JSON object'],
    [['credits.low', '--data', '-'], '{', 'standard input is not JSON in UTF-8'],
    [
      ['credits.low', '--data', '-'],
      '{"event":"site.created","data":{}}',
      'The event in --data is "site.created"',
    ],
    [
      ['credits.low', '--set', 'data=1'],
      '',
      "This is not an event: The event's data is missing or malformed.",
    ],
    [['credits.low', '--set', 'data.balance.x=1'], '', '--set data.balance.x: data.balance has no fields.'],
    [['credits.low', '--set', 'data'], '', 'expected a field and a value, such as data.site_name=shop'],
    [['credits.low', '--set', 'data.__proto__.x=1'], '', '__proto__ cannot be set'],
    [['credits.low', '--set', 'event=x'], '', 'the event is the first argument of trigger'],
    [['all', '--data', '-'], '{}', '--data describes one event'],
    [['credits.low', '--count', '0'], '', 'Expected a whole number from 1 to 100000'],
    [['credits.low', '--rate', '-1'], '', 'Expected events per second'],
    [[], '', "missing required argument 'event'"],
  ])('exits with 2 for %j with %j', async (args, stdin, message) => {
    const { code, out, err } = await toReceiver(args, { stdin });
    expect(err).toContain(message);
    expect([code, out]).toEqual([2, '']);
    expect(received).toEqual([]);
  });

  it.each([
    [['credits.low', '--to', 'http://192.168.1.4/', '--secret', secret], '--allow-private-network'],
    [['credits.low', '--to', 'http://localhost/'], 'No secret. Pass --secret'],
    [['credits.low', '--to', 'http://a:b@localhost/', '--secret', secret], 'without user and password'],
    [['ping'], 'pass --to URL'],
    [['credits.low', '--url', 'x', '--port', '1'], 'cannot be used with'],
  ])('exits with 2 for %j', async (args, message) => {
    const { code, err } = await trigger(args);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });
});

describe('--set', () => {
  it('does not reach the prototype, and sets items of lists', () => {
    expect(() => parseAssignment('data.constructor.prototype.polluted=1')).toThrow(
      'constructor cannot be set',
    );
    const event = { data: { list: [1, 2] } };
    setValue(event, parseAssignment('data.list.2=3'));
    setValue(event, parseAssignment('data.toString=own'));
    expect(event.data).toMatchObject({ list: [1, 2, 3], toString: 'own' });
    expect(() => {
      setValue(event, parseAssignment('data.list.9=1'));
    }).toThrow('9 is not an index of this list');
  });
});

describe('text from outside', () => {
  it.each([
    ['the parser quotes it', '{"a": \u001b]0;x\u0007}'],
    ['the event has another name', '{"event":"x\u009b\u202e","data":{}}'],
    [
      'the account is another one',
      '{"event":"credits.low","account_id":"acc\\u001b[2J","data":{"balance":1}}',
    ],
  ])('cannot drive the terminal if %s', async (_reason, data) => {
    writeFileSync(join(cwd, 'event.json'), data);
    const context = createTestContext({ cwd });
    await runCli(['trigger', 'credits.low', '--data', 'event.json', '--url', emulator.url], context);
    const shown = context.out() + context.err();
    expect(shown).not.toBe('');
     
    expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});
