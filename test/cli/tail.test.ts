// `tail` against a real emulator, and its watcher poll by poll.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DeliveryWatcher } from '../../src/cli/commands/tail/watcher.js';
import { runCli } from '../../src/cli/run.js';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { createTestContext } from '../support/cli-context.js';
import { close, listen } from '../support/http-server.js';

let emulator: Emulator;
let server: Server;
let url: string;
let status: number;

beforeEach(async () => {
  status = 200;
  server = createServer((_, response) => {
    response.writeHead(status).end('\x1b[2Jsaid the server');
  });
  url = await listen(server);
  emulator = await startEmulator();
});
afterEach(async () => {
  await emulator.stop();
  await close(server);
});

function createWatcher(
  options: Partial<ConstructorParameters<typeof DeliveryWatcher>[0]> = {},
): DeliveryWatcher {
  return new DeliveryWatcher({
    url: emulator.url,
    apiKey: emulator.apiKey,
    endpointId: undefined,
    isWanted: () => true,
    signal: new AbortController().signal,
    ...options,
  });
}

async function send(event = 'credits.low'): Promise<string> {
  const { deliveries } = await emulator.trigger(event);
  await emulator.waitForAttempt(deliveries[0]!.id);
  return deliveries[0]!.id;
}

describe('DeliveryWatcher', () => {
  it('returns deliveries that are new, oldest first, and none of those that were there before', async () => {
    await emulator.createEndpoint({ url, events: ['*'] });
    await send();
    const watcher = createWatcher();
    expect(await watcher.poll()).toEqual([]);
    const ids = [await send(), await send()];
    const changes = await watcher.poll();
    expect(changes.map(({ id }) => id)).toEqual(ids);
    expect(changes[0]).toMatchObject({ status: 'succeeded', attempt_log: [{ status: 200 }] });
    expect(await watcher.poll()).toEqual([]);
  });

  it('returns more new deliveries than one page has', async () => {
    await emulator.createEndpoint({ url, events: ['*'] });
    const watcher = createWatcher();
    await watcher.poll();
    await Promise.all(Array.from({ length: 150 }, () => send()));
    expect(await watcher.poll()).toHaveLength(150);
  });

  it('reports a retry of a delivery that is too old for the first page', async () => {
    await emulator.createEndpoint({ url, events: ['*'] });
    const watcher = createWatcher();
    await watcher.poll();
    status = 500;
    const old = await send();
    await watcher.poll();
    status = 200;
    await Promise.all(Array.from({ length: 120 }, () => send()));
    await watcher.poll();
    await emulator.clock.jumpToNextRetry();
    const changes = await watcher.poll();
    expect(changes).toMatchObject([{ id: old, status: 'succeeded', attempts: 2 }]);
  });

  it('finds endpoints that are created later', async () => {
    const watcher = createWatcher();
    await watcher.poll();
    await emulator.createEndpoint({ url, events: ['*'] });
    const id = await send();
    expect((await watcher.poll()).map((each) => each.id)).toContain(id);
    expect(watcher.endpoints).toBe(1);
  });

  it('follows one endpoint only', async () => {
    const first = await emulator.createEndpoint({ url, events: ['credits.low'] });
    await emulator.createEndpoint({ url: `${url}/other`, events: ['site.deleted'] });
    const watcher = createWatcher({ endpointId: first.id });
    await watcher.poll();
    await send('site.deleted');
    const id = await send('credits.low');
    expect((await watcher.poll()).map((each) => each.id)).toEqual([id]);
  });

  it('forgets an endpoint that was deleted', async () => {
    const { id } = await emulator.createEndpoint({ url, events: ['*'] });
    const watcher = createWatcher();
    await watcher.poll();
    status = 500;
    await send();
    await watcher.poll();
    await emulator.sender.deleteEndpoint(id);
    expect(await watcher.poll()).toEqual([]);
    expect(watcher.endpoints).toBe(0);
    expect(await watcher.poll()).toEqual([]);
  });
});

it('DeliveryWatcher continues if an endpoint is deleted between the list and its deliveries', async () => {
  const api = createServer((request, response) => {
    const isList = request.url?.startsWith('/api/webhooks?') === true;
    const isDeleted = request.url?.startsWith('/api/webhooks/wh_deleted/') === true;
    const data = isList
      ? [{ id: 'wh_deleted' }, { id: 'wh_1' }]
      : [{ id: `dlv_${polls}`, event: 'credits.low' }];
    response.writeHead(isDeleted ? 404 : 200).end(JSON.stringify(isDeleted ? { error: 'gone' } : { data }));
  });
  let polls = 0;
  const watcher = createWatcher({ url: await listen(api) });
  await watcher.poll();
  polls += 1;
  expect(await watcher.poll()).toMatchObject([{ id: 'dlv_1' }]);
  await close(api);
});

describe('tail', () => {
  it('prints new deliveries with their last attempt, escaped, until Ctrl-C', async () => {
    await emulator.createEndpoint({ url, events: ['*'] });
    const context = createTestContext();
    const code = runCli(['tail', '--url', emulator.url, '--event', 'credits.*'], context);
    await context.waitFor(/Following the deliveries/);
    status = 500;
    await send('site.deleted');
    await send('credits.low');
    await context.waitFor(/credits\.low.*\n/);
    expect(context.out()).toMatch(
      /^\d\d:\d\d:\d\d {2}credits\.low {11}scheduled {3}500 {2}\d+ ms {2}\\u\{1b\}\[2Jsaid the server {2}next attempt at \d\d:\d\d:\d\d {2}dlv_\w+ to wh_\w+\n$/,
    );
    context.interrupt();
    expect(await code).toBe(130);
  });

  it('prints JSON lines without bodies, filtered by status, with an API key', async () => {
    await emulator.createEndpoint({ url, events: ['*'] });
    const context = createTestContext();
    const args = ['--url', emulator.url, '--api-key', emulator.apiKey, '--status', 'succeeded', '--json'];
    const code = runCli(['tail', ...args], context);
    await context.waitFor(/Following the deliveries/);
    const id = await send();
    await context.waitFor(/dlv_/);
    expect(JSON.parse(context.out())).toMatchObject({
      id,
      event: 'credits.low',
      status: 'succeeded',
      last_attempt: { number: 1, status: 200, reason: null },
    });
    expect(context.out()).not.toContain('said the server');
    context.interrupt();
    await code;
  });

  it('tries again if the server stops answering, and says so', async () => {
    const context = createTestContext();
    const code = runCli(['tail', '--url', emulator.url], context);
    await context.waitFor(/Following the deliveries/);
    await emulator.stop();
    await context.waitFor(/does not answer as expected \(.*(?:refused|closed)\)\. Trying again in 2 s\./);
    context.interrupt();
    expect(await code).toBe(130);
  });

  it.each([
    [['--api-key', 'a_key_that_is_wrong'], 3, 'The server rejects the API key'],
    [['--endpoint', 'wh_absent'], 3, 'no endpoint with the id of --endpoint'],
    [['--event', 'credits.lo'], 2, 'Did you mean credits.low?'],
    [['--status', 'done'], 2, 'Allowed choices are scheduled'],
    [['--api-key', 'a b'], 2, '--api-key has characters other than visible ASCII'],
  ])('rejects %j', async (args, expected, message) => {
    const context = createTestContext();
    expect(await runCli(['tail', '--url', emulator.url, ...args], context)).toBe(expected);
    expect(context.err()).toContain(message);
  });

  it('exits with 3 if nothing runs there, and with 2 for http: on another machine', async () => {
    await emulator.stop();
    const context = createTestContext();
    expect(await runCli(['tail', '--url', emulator.url], context)).toBe(3);
    expect(context.err()).toContain(`No emulator runs at ${emulator.url}`);
    expect(await runCli(['tail', '--url', emulator.url, '--api-key', emulator.apiKey], context)).toBe(3);
    expect(await runCli(['tail', '--url', 'http://192.0.2.1/'], context)).toBe(2);
  });
});
