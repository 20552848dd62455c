// Clocks that are set, tick during a poll, or return fractions.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Sender } from '../../src/sender/index.js';
import type { DeliveryDetails } from '../../src/sender/stores/store.js';
import { answered, eventWithId, settle, useSenderHarness } from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';

const day = 86_400_000;

/** Publishes an event, or finds the delivery of one that was published before. */
async function publishAndGet(sender: Sender, id: string): Promise<DeliveryDetails> {
  const { deliveries } = await sender.publish(eventWithId(id));
  return (await sender.getDelivery(deliveries[0]!.id))!;
}

describe.each(stores)('on the $name store', ({ open }) => {
  const t = useSenderHarness(open, { canStep: true });

  beforeEach(() => {
    t.answer = () => answered(200);
  });

  describe('a clock', () => {
    it('may return fractions of a millisecond', async () => {
      t.offsetMs = 0.5;
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.start();
      const { delivery } = await publishAndGet(sender, 'evt_1');
      expect(Number.isInteger(delivery.createdAtMs)).toBe(true);
      await settle();
      expect((await publishAndGet(sender, 'evt_1')).delivery.status).toBe('succeeded');
      await sender.stop();
    });

    it('with timestamp() dates requests, pings and events with it, and records with now()', async () => {
      const timestampMs = Date.UTC(2020, 0, 1) + 0.5;
      const bodies: string[] = [];
      const headers: (string | undefined)[] = [];
      const sender = t.createSender({
        clock: { ...t.senderClock, timestamp: () => timestampMs },
        transport: {
          async send(request) {
            bodies.push(new TextDecoder().decode(request.body));
            headers.push(request.headers['x-hostwares-timestamp']);
            return answered(200);
          },
          close: () => Promise.resolve(),
        },
      });
      await t.createEndpoint(sender);
      await sender.start();
      const { deliveries } = await sender.publish({
        event: 'credits.low',
        account_id: 'acc_1',
        data: { balance: 1 },
      });
      await settle();
      expect(headers).toEqual(['1577836800', '1577836800']);
      expect(bodies.map((body) => (JSON.parse(body) as { timestamp: string }).timestamp)).toEqual([
        '2020-01-01T00:00:00.000Z',
        '2020-01-01T00:00:00.000Z',
      ]);
      expect(deliveries[0]!.createdAtMs).toBe(t.startedMs);
      await sender.stop();
    });

    it.each([40_000, 3_600_000, day])('set back by %s ms before start() delays no delivery', async (ms) => {
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.publish(eventWithId('evt_1'));
      t.offsetMs = -ms;
      await sender.start();
      await settle();
      expect(t.sentIds()).toEqual(['evt_1']);
      await sender.stop();
    });

    it.each([40_000, 3_600_000, day])(
      'set back by %s ms between stop() and start() delays no retry',
      async (ms) => {
        const before = t.createSender();
        await t.createEndpoint(before);
        t.answer = () => ({ status: 500, timings: { totalMs: 0 } });
        await before.start();
        await before.publish(eventWithId('evt_1'));
        await settle();
        await before.stop();
        t.offsetMs = -ms;
        const after = t.createSender();
        t.answer = () => answered(200);
        await after.start();
        await settle();
        expect(t.sent).toHaveLength(1);
        t.clock.advance(10_000);
        await settle();
        expect(t.sent).toHaveLength(2);
        await after.stop();
      },
    );

    it.each([1, 2, 3, 4, 5, 6, 7, 8])(
      'that ticks during a poll %s ms before a retry loses no retry',
      async (leadMs) => {
        let ticks = false;
        const sender = t.createSender({
          clock: {
            ...t.senderClock,
            now() {
              if (ticks) t.offsetMs += 1;
              return t.senderClock.now();
            },
            // A timer may fire early.
            setTimeout: (callback, delayMs) => t.clock.setTimeout(callback, Math.max(1, delayMs - leadMs)),
          },
        });
        await t.createEndpoint(sender);
        t.answer = () => ({ status: 500, timings: { totalMs: 0 } });
        await sender.start();
        await sender.publish(eventWithId('evt_1'));
        await settle();
        t.answer = () => answered(200);
        ticks = true;
        // Small steps around the due time, so that the poll ends before the clock advances by itself.
        for (const stepMs of [
          9_980,
          ...Array.from({ length: 30 }, () => 1),
          ...Array.from({ length: 9 }, () => 1_000),
        ]) {
          t.clock.advance(stepMs);
          await settle();
        }
        expect(t.sent).toHaveLength(2);
        await sender.stop();
      },
    );

    it('without an alarm does not keep the sender from polling the store within 30 s', async () => {
      const claim = vi.spyOn(t.store, 'claim');
      const sender = t.createSender();
      await sender.start();
      await settle();
      claim.mockClear();
      for (let seconds = 0; seconds < 30; seconds += 5) {
        t.clock.advance(5_000);
        await settle();
      }
      expect(claim).toHaveBeenCalled();
      await sender.stop();
    });

    it('set forward for less than a day deletes nothing early', async () => {
      const sender = t.createSender({ retention: { days: 1 } });
      await t.createEndpoint(sender);
      await sender.start();
      const { deliveries } = await sender.publish(eventWithId('evt_1'));
      await settle();
      const isKept = async () => (await sender.getDelivery(deliveries[0]!.id)) !== undefined;
      const pass = async (ms: number) => {
        for (let left = ms; left > 0; left -= 3_600_000) {
          t.clock.advance(3_600_000);
          await settle();
        }
      };
      t.offsetMs = 2 * day;
      await pass(day / 2);
      expect(await isKept()).toBe(true);
      t.offsetMs = 0;
      await pass(day / 4);
      expect(await isKept()).toBe(true);
      await pass(day / 2);
      expect(await isKept()).toBe(false);
      await sender.stop();
    });
  });
});
