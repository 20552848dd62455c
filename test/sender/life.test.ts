// Starting and stopping, deadlines of a transport, results that cannot be stored, and clocks that are set.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSender, type Clock, type Sender, type SenderOptions } from '../../src/sender/index.js';
import type { AttemptResult } from '../../src/sender/records.js';
import type { SenderStore } from '../../src/sender/stores/store.js';
import { createSqliteStore } from '../../src/sender/stores/sqlite/sqlite.js';
import { createVirtualClock, sampleEvent } from '../../src/testing/index.js';
import { stores } from '../support/sender-stores.js';

const url = 'https://93.184.215.14/hook';
const answered: AttemptResult = { status: 200, timings: { totalMs: 0 } };
const day = 86_400_000;

const event = (id: string) => sampleEvent('credits.low', { id });

async function settle(): Promise<void> {
  for (let turns = 0; turns < 40; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(stores)('on the $name store', ({ open }) => {
  let store: SenderStore;
  let monotonic: ReturnType<typeof createVirtualClock>;
  let offsetMs: number;
  let clock: Clock;
  let answer: (url: string, event: string) => unknown;
  let sent: string[];
  const onError = vi.fn();
  const close = vi.fn(async () => undefined);

  beforeEach(() => {
    store = open();
    monotonic = createVirtualClock();
    offsetMs = 0;
    clock = {
      now: () => monotonic.now() + offsetMs,
      monotonic: () => monotonic.now(),
      setTimeout: (callback, delayMs) => monotonic.setTimeout(callback, delayMs),
    };
    sent = [];
    answer = () => answered;
    vi.clearAllMocks();
  });
  afterEach(() => store.close());

  function make(options: Partial<SenderOptions> = {}): Sender {
    return createSender({
      store,
      clock,
      transport: {
        async send({ url: to, body }) {
          const { event, id } = JSON.parse(new TextDecoder().decode(body)) as { event: string; id: string };
          if (event !== 'ping') sent.push(id);
          return (await answer(to, event)) as AttemptResult;
        },
        close,
      },
      onError,
      ...options,
    });
  }
  const endpoint = (sender: Sender, path = '') =>
    sender.createEndpoint({ url: url + path, events: ['*'], secret: 'whsec_of_the_life_test' });
  const attemptsOf = async (sender: Sender, id: string) => {
    const { deliveries } = await sender.publish(event(id));
    return (await sender.getDelivery(deliveries[0]!.id))!;
  };

  describe('stop', () => {
    it('waits for a ping, and for one that waits for its place', async () => {
      const sender = make({ maxInFlightPerAccount: 1 });
      const { id } = await endpoint(sender);
      const other = await endpoint(sender, '/other');
      let end: () => void = () => undefined;
      answer = () => new Promise((resolve) => (end = () => resolve(answered)));
      await sender.start();
      const ping = sender.pingEndpoint(id);
      const waiting = sender.pingEndpoint(other.id);
      await settle();
      let isStopped = false;
      const stopped = sender.stop().then(() => (isStopped = true));
      await settle();
      expect([isStopped, close.mock.calls.length]).toEqual([false, 0]);
      end();
      await stopped;
      expect(await ping).toMatchObject({ ok: true });
      expect(await waiting).toMatchObject({ ok: false, error: expect.stringMatching(/^not sent/) as string });
    });

    it('is over before a start that was called meanwhile begins', async () => {
      const sender = make();
      await endpoint(sender);
      let end: () => void = () => undefined;
      answer = () => new Promise((resolve) => (end = () => resolve(answered)));
      await sender.start();
      await sender.publish(event('evt_1'));
      await settle();
      const order: string[] = [];
      const stopped = sender.stop().then(() => order.push('stopped'));
      const started = sender.start().then(() => order.push('started'));
      await sender.publish(event('evt_2'));
      await settle();
      expect(sent).toEqual(['evt_1']);
      answer = () => answered;
      end();
      await Promise.all([stopped, started]);
      await settle();
      expect(order).toEqual(['stopped', 'started']);
      expect(sent).toEqual(['evt_1', 'evt_2']);
      expect((await attemptsOf(sender, 'evt_1')).delivery.status).toBe('succeeded');
      await sender.stop();
    });

    it('gives the places of attempts that it aborts back', async () => {
      const sender = make({ maxInFlight: 1 });
      await endpoint(sender);
      answer = () => new Promise(() => undefined);
      await sender.start();
      await sender.publish(event('evt_1'));
      await settle();
      await sender.stop({ drainMs: 0 });
      answer = () => answered;
      await sender.publish(event('evt_2'));
      await sender.start();
      await settle();
      expect(sent).toEqual(['evt_1', 'evt_2']);
      await sender.stop();
    });
  });

  describe('a start that rejects', () => {
    it.each(['expire', 'pendingDisabledNotifications'] as const)(
      'because of %s leaves nothing running',
      async (method) => {
        const timers = vi.spyOn(globalThis, 'setInterval');
        let isBroken = true;
        const failing = {
          ...store,
          [method]: (...given: []) =>
            isBroken
              ? Promise.reject(new Error('disk full'))
              : (store[method] as () => Promise<never>)(...given),
        };
        const sender = make({ store: failing });
        await endpoint(sender);
        await sender.publish(event('evt_1'));
        const started = sender.start();
        const publishing = sender.publish(event('evt_2'));
        await expect(started).rejects.toThrow('disk full');
        await publishing;
        isBroken = false;
        monotonic.advance(day);
        await settle();
        expect(sent).toEqual([]);
        expect(timers).not.toHaveBeenCalled();
        timers.mockRestore();
        await sender.start();
        await settle();
        expect(sent.sort()).toEqual(['evt_1', 'evt_2']);
        await sender.stop();
      },
    );
  });

  describe('a transport', () => {
    it('that never ends is cut off after the deadline, as a failure of the endpoint', async () => {
      const sender = make();
      const { id } = await endpoint(sender);
      answer = () => new Promise(() => undefined);
      await sender.start();
      const { deliveries } = await sender.publish(event('evt_1'));
      await settle();
      monotonic.advance(19_999);
      await settle();
      const outcome = async () => (await sender.getDelivery(deliveries[0]!.id))!.attempts[0]!;
      expect((await outcome()).outcome).toBe('pending');
      monotonic.advance(1);
      await settle();
      expect(await outcome()).toMatchObject({
        outcome: 'failure',
        result: { error: 'timeout: the transport did not end within 20 s' },
      });
      expect((await sender.getEndpoint(id))!.lastError).toMatch(/^timeout/);
      await sender.stop({ drainMs: 0 });
    });

    it.each([
      ['nothing', undefined],
      ['a header that is no text', { ...answered, responseHeaders: { a: 1n } }],
      ['a status that is no status', { ...answered, status: 200.5 }],
      ['no timings', { status: 200 }],
      ['a timing that is no number', { status: 200, timings: { totalMs: Number.NaN } }],
      [
        'a getter that throws',
        {
          ...answered,
          get error() {
            throw new Error('odd');
          },
        },
      ],
      ['an error', new Error('bug')],
    ])('that gives %s fails alone, and its endpoint is not blamed', async (_, odd) => {
      const sender = make();
      for (let each = 0; each < 5; each += 1) await endpoint(sender, `/${each}`);
      const { id } = await endpoint(sender, '/odd');
      answer = (to) => {
        if (!to.endsWith('/odd')) return answered;
        if (odd instanceof Error) throw odd;
        return odd;
      };
      await sender.start();
      const { deliveries } = await sender.publish(event('evt_1'));
      await settle();
      const all = await Promise.all(deliveries.map((each) => sender.getDelivery(each.id)));
      expect(all.map((each) => each!.attempts[0]!.outcome).sort()).toEqual(
        ['failure', 'success', 'success', 'success', 'success', 'success'].sort(),
      );
      const failed = all.find((each) => each!.delivery.endpointId === id)!;
      expect(failed.attempts[0]!.result!.error).toMatch(/^the transport (failed|returned a result)/);
      expect(failed.delivery.status).toBe('scheduled');
      expect(await sender.getEndpoint(id)).toMatchObject({ failingSinceMs: null, lastError: null });
      expect(onError).toHaveBeenCalledTimes(1);
      await sender.stop();
    });

    it('whose result the store rejects fails alone', async () => {
      const sender = make();
      for (let each = 0; each < 5; each += 1) await endpoint(sender, `/${each}`);
      await sender.start();
      const settleAll = store.settle.bind(store);
      let refused: string | undefined;
      store.settle = async (settlements) => {
        refused ??= settlements[0]!.deliveryId;
        if (settlements.some(({ deliveryId }) => deliveryId === refused)) throw new Error('cannot be stored');
        return settleAll(settlements);
      };
      const { deliveries } = await sender.publish(event('evt_1'));
      await settle();
      const all = await Promise.all(deliveries.map((each) => sender.getDelivery(each.id)));
      expect(all.filter((each) => each!.delivery.status === 'succeeded')).toHaveLength(4);
      expect(onError).toHaveBeenCalledExactlyOnceWith(new Error('cannot be stored'));
      await sender.stop({ drainMs: 0 });
    });
  });

  describe('a clock', () => {
    it('may have fractions', async () => {
      offsetMs = 0.5;
      const sender = make();
      await endpoint(sender);
      await sender.start();
      const { delivery } = await attemptsOf(sender, 'evt_1');
      expect(Number.isInteger(delivery.createdAtMs)).toBe(true);
      await settle();
      expect((await attemptsOf(sender, 'evt_1')).delivery.status).toBe('succeeded');
      await sender.stop();
    });

    it.each([40_000, 3_600_000, day])('set back by %s ms before the start delays nothing', async (ms) => {
      const sender = make();
      await endpoint(sender);
      await sender.publish(event('evt_1'));
      offsetMs = -ms;
      await sender.start();
      await settle();
      expect(sent).toEqual(['evt_1']);
      await sender.stop();
    });

    it.each([40_000, 3_600_000, day])('set back by %s ms while nothing ran delays no retry', async (ms) => {
      const before = make();
      await endpoint(before);
      answer = () => ({ status: 500, timings: { totalMs: 0 } });
      await before.start();
      await before.publish(event('evt_1'));
      await settle();
      await before.stop();
      offsetMs = -ms;
      const after = make();
      answer = () => answered;
      await after.start();
      await settle();
      expect(sent).toHaveLength(1);
      monotonic.advance(10_000);
      await settle();
      expect(sent).toHaveLength(2);
      await after.stop();
    });

    it.each([1, 2, 3, 4, 5, 6, 7, 8])(
      'that ticks while a poll runs %s ms before a retry loses no retry',
      async (leadMs) => {
        let ticks = false;
        const sender = make({
          clock: {
            ...clock,
            now() {
              if (ticks) offsetMs += 1;
              return clock.now();
            },
            // A timer may be early.
            setTimeout: (callback, delayMs) => monotonic.setTimeout(callback, Math.max(1, delayMs - leadMs)),
          },
        });
        await endpoint(sender);
        answer = () => ({ status: 500, timings: { totalMs: 0 } });
        await sender.start();
        await sender.publish(event('evt_1'));
        await settle();
        answer = () => answered;
        ticks = true;
        // Step by step where the retry is due, so that the poll ends before the clock goes on by itself.
        for (const stepMs of [
          9_980,
          ...Array.from({ length: 30 }, () => 1),
          ...Array.from({ length: 9 }, () => 1_000),
        ]) {
          monotonic.advance(stepMs);
          await settle();
        }
        expect(sent).toHaveLength(2);
        await sender.stop();
      },
    );

    it('has the store polled within 30 s, whether or not an alarm is set', async () => {
      const claim = vi.spyOn(store, 'claim');
      const sender = make();
      await sender.start();
      await settle();
      claim.mockClear();
      for (let seconds = 0; seconds < 30; seconds += 5) {
        monotonic.advance(5_000);
        await settle();
      }
      expect(claim).toHaveBeenCalled();
      await sender.stop();
    });

    it('set forward for less than a day deletes nothing that is to be kept', async () => {
      const sender = make({ retention: { days: 1 } });
      await endpoint(sender);
      await sender.start();
      const { deliveries } = await sender.publish(event('evt_1'));
      await settle();
      const isKept = async () => (await sender.getDelivery(deliveries[0]!.id)) !== undefined;
      const pass = async (ms: number) => {
        for (let left = ms; left > 0; left -= 3_600_000) {
          monotonic.advance(3_600_000);
          await settle();
        }
      };
      offsetMs = 2 * day;
      await pass(day / 2);
      expect(await isKept()).toBe(true);
      offsetMs = 0;
      await pass(day / 4);
      expect(await isKept()).toBe(true);
      await pass(day / 2);
      expect(await isKept()).toBe(false);
      await sender.stop();
    });
  });
});

it('a fan-out that a killed process left is completed by the next one, on SQLite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hostwares-fan-out-'));
  const path = join(folder, 'webhooks.db');
  const sent = new Set<string>();
  let count = 0;
  const make = (store: SenderStore) =>
    createSender({
      store,
      transport: {
        async send({ url: to }) {
          sent.add(to);
          count += 1;
          return answered;
        },
        close: async () => undefined,
      },
    });
  const first = createSqliteStore({ path });
  const sender = make(first);
  for (let each = 0; each < 250; each += 1) {
    await sender.createEndpoint({ url: `${url}/${each}`, events: ['*'], secret: 'whsec_of_the_life_test' });
  }
  count = 0;
  sent.clear();
  const publish = first.publish.bind(first);
  first.publish = (...given) => (given[2] === 2 ? new Promise(() => undefined) : publish(...given));
  void sender.publish(event('evt_1'));
  await settle();
  await first.close();

  const second = createSqliteStore({ path, synchronous: 'normal' });
  const next = make(second);
  await next.start();
  await vi.waitFor(() => expect(sent.size).toBe(250));
  expect((await next.publish(event('evt_1'))).deliveries).toHaveLength(250);
  await next.stop();
  await second.close();
  rmSync(folder, { recursive: true });
  expect(count).toBe(250);
});
