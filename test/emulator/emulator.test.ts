// The emulator through its public face: a server on loopback, deliveries to a real receiver, and its clock.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReceiver, type WebhookEvent } from '../../src/index.js';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { createNodeHandler } from '../../adapters/node.js';
import { close, listen } from '../support/http-server.js';

const secret = 'whsec_secret_of_the_emulator';
let emulator: Emulator;
let server: Server;
let url: string;
let failing: boolean;
let received: WebhookEvent[];

beforeEach(async () => {
  failing = false;
  received = [];
  const receiver = createReceiver({ secret, logger: false });
  receiver.onAny((event) => {
    if (failing && event.event !== 'ping') throw new Error('down');
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

it('delivers a triggered event, signed for the endpoint', async () => {
  const endpoint = await emulator.createEndpoint({ url, events: ['*'], secret });
  expect(endpoint.ping.ok).toBe(true);
  const { deliveries } = await emulator.trigger('deployment.failed');
  const attempt = await emulator.waitForAttempt(deliveries[0]!.id);
  expect(attempt).toMatchObject({ outcome: 'success', result: { status: 200 } });
  expect(received.map(({ event }) => event)).toEqual(['ping', 'deployment.failed']);
});

it('plays all retries in moments, each accepted by a receiver that checks the timestamp', async () => {
  const endpoint = await emulator.createEndpoint({ url, events: ['*'], secret });
  failing = true;
  const startedMs = emulator.clock.now();
  const { deliveries } = await emulator.trigger('credits.low');
  await emulator.waitForAttempt(deliveries[0]!.id);
  await emulator.clock.jumpToNextRetry();
  const once = await emulator.sender.getDelivery(deliveries[0]!.id);
  expect(once?.attempts.map(({ result }) => result?.status)).toEqual([500, 500]);
  await emulator.clock.runToEnd();
  const details = await emulator.sender.getDelivery(deliveries[0]!.id);
  expect(details?.delivery.status).toBe('failed');
  expect(details?.attempts.map(({ result }) => result?.status)).toEqual([500, 500, 500, 500, 500, 500]);
  expect(emulator.clock.now() - startedMs).toBeGreaterThanOrEqual(9_370_000);
  expect((await emulator.sender.getEndpoint(endpoint.id))?.status).toBe('disabled');
  expect(emulator.mailbox.list()).toHaveLength(1);
});

describe('startEmulator', () => {
  it('may run several times in one process, each with endpoints of its own', async () => {
    const other = await startEmulator();
    expect(other.url).not.toBe(emulator.url);
    await emulator.createEndpoint({ url, events: ['*'], secret });
    expect((await other.trigger('credits.low')).deliveries).toEqual([]);
    expect((await other.sender.listEndpoints()).items).toEqual([]);
    await Promise.all([other.stop(), other.stop()]);
    expect((await fetch(emulator.url)).status).toBe(200);
  });

  it('is stopped at the end of the block by `await using`', async () => {
    let address: string;
    {
      await using own = await startEmulator();
      address = own.url;
      expect((await fetch(address)).status).toBe(200);
    }
    await expect(fetch(address)).rejects.toThrow('fetch failed');
  });

  it('has an address that answers when stop() was called during a request of another client', async () => {
    const own = await startEmulator();
    const answers = Array.from({ length: 20 }, () =>
      fetch(`${own.url}/emulator`).then((each) => each.status),
    );
    const statuses = await Promise.all(answers);
    await own.stop();
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it.each([
    [{ port: -1 }, /port must be a whole number/],
    [{ port: 65_536 }, /port must be a whole number/],
    [{ port: '4400' }, /port must be a whole number/],
    [{ allowPrivateNetwork: 'false' }, /allowPrivateNetwork must be true or false/],
    [{ onError: 'log' }, /onError must be a function/],
    [{ retryScheduleSeconds: [-1] }, /retryScheduleSeconds must be/],
    [{ ports: 1 }, /ports is not an option of startEmulator/],
  ])('rejects %j', async (options, message) => {
    await expect(startEmulator(options as never)).rejects.toThrow(message);
  });
});

describe('trigger', () => {
  const bodyOf = async (deliveryId: string) => {
    const { event } = (await emulator.sender.getDelivery(deliveryId))!;
    return JSON.parse(new TextDecoder().decode(event.body)) as Record<string, unknown>;
  };
  beforeEach(() => emulator.createEndpoint({ url, events: ['*'], secret }));

  it.each<[string, Parameters<Emulator['trigger']>[0], object]>([
    ['a name', 'ssl.issued', { event: 'ssl.issued' }],
    ['a name that this version does not know', 'later.thing', { event: 'later.thing' }],
    [
      'an event without id, time and account',
      { event: 'credits.low', data: { balance: 1 } },
      { data: { balance: 1 } },
    ],
    [
      'an unknown event as the receiver names it',
      { event: 'unknown', type: 'later.thing', data: { a: 1 } },
      { event: 'later.thing', data: { a: 1 } },
    ],
    [
      'an unknown event as on the wire',
      { event: 'later.thing', data: { a: 1 } } as never,
      { event: 'later.thing', data: { a: 1 } },
    ],
  ])('publishes %s as an event of the emulator’s account, dated now', async (_, input, expected) => {
    const { deliveries } = await emulator.trigger(input);
    const body = await bodyOf(deliveries[0]!.id);
    expect(body).toMatchObject({ ...expected, account_id: emulator.accountId });
    expect(body).not.toHaveProperty('type');
    expect(Math.abs(Date.parse(String(body.timestamp)) - Date.now())).toBeLessThan(5_000);
    expect(await emulator.waitForAttempt(deliveries[0]!.id)).toMatchObject({ outcome: 'success' });
  });

  it('keeps an account that the caller names; its events reach no endpoint of the emulator', async () => {
    const { deliveries } = await emulator.trigger({
      event: 'credits.low',
      account_id: 'acc_other',
      data: { balance: 1 },
    });
    expect(deliveries).toEqual([]);
  });

  it.each(['ping', ''])('rejects the name %j', async (name) => {
    await expect(emulator.trigger(name)).rejects.toMatchObject({ code: 'invalid_event' });
  });
});

describe('onDelivery', () => {
  it('calls every listener, although others throw or reject, and none after it was removed', async () => {
    const onError = vi.fn();
    const own = await startEmulator({ onError });
    await own.createEndpoint({ url, events: ['*'], secret });
    const seen: string[] = [];
    own.onDelivery(() => {
      throw new Error('listener');
    });
    own.onDelivery(() => Promise.reject(new Error('asynchronous listener')));
    const listener = ({ delivery }: { delivery: { status: string } }) => seen.push(delivery.status);
    const removals = [own.onDelivery(listener), own.onDelivery(listener)];
    const { deliveries } = await own.trigger('credits.low');
    await own.waitForAttempt(deliveries[0]!.id);
    removals[0]!();
    expect(seen).toEqual(['scheduled', 'scheduled', 'attempting', 'attempting', 'succeeded', 'succeeded']);
    removals[1]!();
    const again = await own.trigger('credits.low');
    await own.waitForAttempt(again.deliveries[0]!.id);
    expect(seen).toHaveLength(6);
    expect(new Set(onError.mock.calls.map(([error]) => (error as Error).message))).toEqual(
      new Set(['listener', 'asynchronous listener']),
    );
    await own.stop();
  });
});
