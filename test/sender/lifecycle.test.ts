// Starting and stopping a sender, and recovery from a killed process.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  answered,
  eventWithId,
  failedDeployment,
  settle,
  url,
  useSenderHarness,
} from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';
import { sleep } from '../support/sleep.js';

describe.each(stores)('a sender on the $name store', ({ open }) => {
  const t = useSenderHarness(open, { canStep: true });

  beforeEach(() => {
    t.answer = () => answered(200);
  });

  describe('stop()', () => {
    it('waits for a ping in flight, and rejects one that waits for a slot', async () => {
      const sender = t.createSender({ maxInFlightPerAccount: 1 });
      const { id } = await t.createEndpoint(sender);
      const other = await t.createEndpoint(sender, { url: `${url}/other` });
      let end: () => void = () => undefined;
      t.answerPing = () => new Promise((resolve) => (end = () => resolve(answered(200))));
      await sender.start();
      const ping = sender.pingEndpoint(id);
      const waiting = sender.pingEndpoint(other.id);
      await settle();
      let isStopped = false;
      const stopped = sender.stop().then(() => (isStopped = true));
      await settle();
      expect([isStopped, t.closeTransport.mock.calls.length]).toEqual([false, 0]);
      end();
      await stopped;
      expect(await ping).toMatchObject({ ok: true });
      expect(await waiting).toMatchObject({ ok: false, error: expect.stringMatching(/^not sent/) as string });
    });

    it('completes before a start() that was called meanwhile begins', async () => {
      const sender = t.createSender();
      await t.createEndpoint(sender);
      let end: () => void = () => undefined;
      t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
      await sender.start();
      const { deliveries } = await sender.publish(eventWithId('evt_1'));
      await settle();
      const order: string[] = [];
      const stopped = sender.stop().then(() => order.push('stopped'));
      const started = sender.start().then(() => order.push('started'));
      await sender.publish(eventWithId('evt_2'));
      await settle();
      expect(t.sentIds()).toEqual(['evt_1']);
      t.answer = () => answered(200);
      end();
      await Promise.all([stopped, started]);
      await settle();
      expect(order).toEqual(['stopped', 'started']);
      expect(t.sentIds()).toEqual(['evt_1', 'evt_2']);
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('succeeded');
      await sender.stop();
    });

    it('releases the slots of the attempts that it aborts', async () => {
      const sender = t.createSender({ maxInFlight: 1 });
      await t.createEndpoint(sender);
      t.answer = () => new Promise(() => undefined);
      await sender.start();
      await sender.publish(eventWithId('evt_1'));
      await settle();
      await sender.stop({ drainMs: 0 });
      t.answer = () => answered(200);
      await sender.publish(eventWithId('evt_2'));
      await sender.start();
      await settle();
      expect(t.sentIds()).toEqual(['evt_1', 'evt_2']);
      await sender.stop();
    });
  });

  describe('start()', () => {
    it.each(['expire', 'pendingDisabledNotifications'] as const)(
      'leaves nothing running if %s of the store rejects, and can be called again',
      async (method) => {
        const timers = vi.spyOn(globalThis, 'setInterval');
        let isBroken = true;
        const failing = {
          ...t.store,
          [method]: (...given: []) =>
            isBroken
              ? Promise.reject(new Error('disk full'))
              : (t.store[method] as () => Promise<never>)(...given),
        };
        const sender = t.createSender({ store: failing });
        await t.createEndpoint(sender);
        await sender.publish(eventWithId('evt_1'));
        const started = sender.start();
        const publishing = sender.publish(eventWithId('evt_2'));
        await expect(started).rejects.toThrow('disk full');
        await publishing;
        isBroken = false;
        t.clock.advance(86_400_000);
        await settle();
        expect(t.sentIds()).toEqual([]);
        expect(timers).not.toHaveBeenCalled();
        timers.mockRestore();
        await sender.start();
        await settle();
        expect(t.sentIds().sort()).toEqual(['evt_1', 'evt_2']);
        await sender.stop();
      },
    );
  });
});

describe.each(stores)('the timers of a sender on the $name store', ({ open }) => {
  const t = useSenderHarness(open, { canStep: true });

  it('are cancelled by stop()', async () => {
    const timers = new Set<object>();
    const sender = t.createSender({
      clock: {
        ...t.senderClock,
        setTimeout(callback, delayMs) {
          const timer = {};
          const cancel = t.clock.setTimeout(() => {
            timers.delete(timer);
            callback();
          }, delayMs);
          timers.add(timer);
          return () => {
            timers.delete(timer);
            cancel();
          };
        },
      },
    });
    await t.createEndpoint(sender);
    await sender.start();
    await sender.publish(eventWithId('evt_1'));
    await settle();
    expect(t.sentIds()).toEqual(['evt_1']);
    // The alarm, the comparison of the clocks, and the next sweep of retention.
    expect(timers.size).toBe(3);
    await sender.stop();
    expect(timers.size).toBe(0);
  });
});

describe.each(stores)('a sender with a virtual clock on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  describe('stop()', () => {
    it('waits for the attempts in flight and begins no others', async () => {
      let end: () => void = () => undefined;
      t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.start();
      const { deliveries } = await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.sent).toHaveLength(1));
      const stopped = sender.stop();
      await sender.publish(failedDeployment());
      end();
      await stopped;
      expect(t.sent).toHaveLength(1);
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('succeeded');
    });

    it('begins no attempt if it is called while a poll claims deliveries', async () => {
      const claim = t.store.claim.bind(t.store);
      const pendingClaims: (() => void)[] = [];
      t.store.claim = async (request) => {
        await new Promise<void>((resolve) => pendingClaims.push(resolve));
        return claim(request);
      };
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.start();
      await vi.waitFor(() => expect(pendingClaims).toHaveLength(1));
      await sender.publish(failedDeployment());
      const stopped = sender.stop();
      await settle();
      // The claim of retries ends; the claim of first attempts would find the event.
      pendingClaims[0]!();
      await settle();
      pendingClaims[1]?.();
      await stopped;
      expect(t.sent).toEqual([]);
    });

    it('aborts attempts after drainMs: their outcome is unknown and the endpoint is not blamed', async () => {
      let breakOff: () => void = () => undefined;
      const sender = t.createSender({
        retryScheduleSeconds: [],
        transport: {
          send: ({ body }) =>
            new TextDecoder().decode(body).includes('"event":"ping"')
              ? Promise.resolve(answered(200))
              : new Promise((resolve) => {
                  t.sent.push({ at: 0, request: {} as never, body: {} as never });
                  breakOff = () => resolve({ error: 'destroyed', timings: { totalMs: 0 } });
                }),
          close: async () => breakOff(),
        },
      });
      const { id } = await t.createEndpoint(sender);
      await sender.start();
      const { deliveries } = await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.sent).toHaveLength(1));
      await sender.stop({ drainMs: 0 });
      await sleep(20);
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'enabled', lastError: null });
      await sender.start();
      await sender.stop();
      const { attempts } = (await sender.getDelivery(deliveries[0]!.id))!;
      expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown']);
      expect(t.onEndpointDisabled).not.toHaveBeenCalled();
    });
  });

  describe('start()', () => {
    it('sends earlier events once it is called again after a failure', async () => {
      t.answer = () => answered(200);
      const expire = t.store.expire.bind(t.store);
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.publish(failedDeployment());
      t.store.expire = () => Promise.reject(new Error('disk full'));
      await expect(sender.start()).rejects.toThrow('disk full');
      expect(t.sent).toEqual([]);
      t.store.expire = expire;
      await sender.start();
      await vi.waitFor(() => expect(t.sent).toHaveLength(1));
      await sender.stop();
    });

    it('does not interfere with a ping in flight', async () => {
      let end: () => void = () => undefined;
      const sender = t.createSender({
        transport: {
          send: () => new Promise((resolve) => (end = () => resolve(answered(200)))),
          close: async () => undefined,
        },
      });
      const saving = t.createEndpoint(sender);
      await vi.waitFor(async () => expect((await sender.listDeliveries()).items).toHaveLength(1));
      await sender.start();
      end();
      const { ping } = await saving;
      await sender.stop();
      const { delivery, attempts } = (await sender.getDelivery(ping.deliveryId))!;
      expect([ping.ok, delivery.status, attempts[0]!.outcome]).toEqual([true, 'succeeded', 'success']);
    });

    it('records the attempt of a killed process as unknown, and retries it', async () => {
      t.answer = () => new Promise(() => undefined);
      const killed = t.createSender();
      await t.createEndpoint(killed);
      await killed.start();
      const { deliveries } = await killed.publish(failedDeployment());
      await vi.waitFor(() => expect(t.sent).toHaveLength(1));
      await killed.stop({ drainMs: 0 });

      t.answer = () => answered(200);
      const next = t.createSender();
      await next.start();
      await next.stop();
      await next.runUntilIdle();
      const { attempts, delivery } = (await next.getDelivery(deliveries[0]!.id))!;
      expect(attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['unknown', 'outcome unknown; retry 1 of 5, after 10 s'],
        ['success', 'delivered'],
      ]);
      expect(delivery.status).toBe('succeeded');
      expect(t.sentTimes()).toEqual([0, 10]);
    });
  });
});
