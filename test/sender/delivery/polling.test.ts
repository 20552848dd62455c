// The times at which a sender polls its store. Its clock is virtual, so nothing but alarms and requests leads to a poll.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryStore, type Sender } from '../../../src/sender/index.js';
import { answered, eventWithId, settle, url, useSenderHarness } from '../../support/sender-harness.js';
import { stores } from '../../support/sender-stores.js';

describe.each(stores)('a sender on the $name store', ({ open }) => {
  const t = useSenderHarness(open);
  const sentAt = (id: string) => t.sent.filter(({ body }) => body.id === id).map(({ at }) => at);

  async function advance(seconds: number): Promise<void> {
    t.clock.advance(seconds * 1_000);
    await settle();
  }
  /** Starts a sender whose next alarm is the retry of `evt_far`, in two hours. Takes 30 seconds. */
  async function startWithDistantAlarm(): Promise<Sender> {
    const sender = t.createSender();
    await t.createEndpoint(sender);
    await sender.start();
    t.answer = () => answered(429, { 'retry-after': '7200' });
    await sender.publish(eventWithId('evt_far'));
    await settle();
    await advance(30);
    return sender;
  }

  beforeEach(() => {
    t.answer = () => answered(200);
  });

  it('sends a retry when it is due, although the alarm before was set to a later time', async () => {
    const sender = await startWithDistantAlarm();
    t.answer = (_, nth) => answered(nth === 2 ? 500 : 200);
    await sender.publish(eventWithId('evt_1'));
    await settle();
    await advance(9.999);
    expect(sentAt('evt_1')).toEqual([30]);
    await advance(0.001);
    expect(sentAt('evt_1')).toEqual([30, 40]);
    await advance(7_160);
    expect(sentAt('evt_far')).toEqual([0, 7_200]);
    await sender.stop();
  });

  it('gives up an unsettled attempt when its lease ends, although the alarm before was set to a later time', async () => {
    const sender = await startWithDistantAlarm();
    const write = t.store.settle.bind(t.store);
    t.store.settle = () => Promise.reject(new Error('disk full'));
    t.answer = () => answered(200);
    const { deliveries } = await sender.publish(eventWithId('evt_1'));
    await settle();
    t.store.settle = write;
    expect(t.onError).toHaveBeenCalledExactlyOnceWith(new Error('disk full'));
    const outcomes = async () =>
      (await sender.getDelivery(deliveries[0]!.id))!.attempts.map(({ outcome }) => outcome);
    await advance(29.999);
    expect(await outcomes()).toEqual(['pending']);
    await advance(0.001);
    expect(await outcomes()).toEqual(['unknown']);
    await advance(10);
    expect(await outcomes()).toEqual(['unknown', 'success']);
    expect(sentAt('evt_1')).toEqual([30, 70]);
    await sender.stop();
  });

  it('does not poll while nothing is due', async () => {
    const sender = t.createSender();
    await t.createEndpoint(sender);
    await sender.start();
    await sender.publish(eventWithId('evt_1'));
    await settle();
    const claim = vi.spyOn(t.store, 'claim');
    await advance(29.999);
    expect(claim).not.toHaveBeenCalled();
    // The alarm was set to the end of the lease.
    await advance(0.001);
    claim.mockClear();
    for (let minutes = 0; minutes < 10; minutes += 1) await advance(60);
    expect(claim).not.toHaveBeenCalled();
    await sender.stop();
  });

  it('polls again a second after the store failed, and reports the error', async () => {
    const sender = t.createSender();
    await t.createEndpoint(sender);
    const claim = vi.spyOn(t.store, 'claim').mockRejectedValueOnce(new Error('locked'));
    await sender.publish(eventWithId('evt_1'));
    await sender.start();
    await settle();
    await advance(0.999);
    expect(t.onError).toHaveBeenCalledExactlyOnceWith(new Error('locked'));
    expect([claim.mock.calls.length, t.sentIds()]).toEqual([1, []]);
    await advance(0.001);
    expect(t.sentIds()).toEqual(['evt_1']);
    await sender.stop();
  });

  it('claims only from lanes with free slots, and no more than these', async () => {
    const limits: Record<string, number[]> = { first: [], retry: [] };
    const claim = t.store.claim.bind(t.store);
    t.store.claim = (request) => {
      limits[request.lane]!.push(request.limit);
      return claim(request);
    };
    const sender = t.createSender({ maxInFlight: 2, maxInFlightPerAccount: 2 });
    await t.createEndpoint(sender);
    t.answer = () => new Promise(() => undefined);
    await sender.start();
    await settle();
    for (const id of ['evt_1', 'evt_2', 'evt_3']) {
      await sender.publish(eventWithId(id));
      await settle();
    }
    expect(t.sentIds()).toEqual(['evt_1', 'evt_2']);
    // One poll at the start, and one for each event; the last finds no free slot.
    expect(limits).toEqual({ retry: [1, 1, 1], first: [2, 2, 1] });
    await sender.stop({ drainMs: 0 });
  });

  describe('the results of attempts', () => {
    /** Publishes an event to three endpoints. Returns a function that ends all three requests. */
    async function sendThree(sender: Sender): Promise<() => void> {
      for (let each = 0; each < 3; each += 1) await t.createEndpoint(sender, { url: `${url}/${each}` });
      const ends: (() => void)[] = [];
      t.answer = () => new Promise((resolve) => ends.push(() => resolve(answered(200))));
      await sender.start();
      await sender.publish(eventWithId('evt_1'));
      await settle();
      expect(ends).toHaveLength(3);
      return () => {
        for (const end of ends) end();
      };
    }

    it('of one turn of the event loop are written in one transaction', async () => {
      const sender = t.createSender();
      const endAll = await sendThree(sender);
      const write = vi.spyOn(t.store, 'settle');
      endAll();
      await settle();
      expect(write.mock.calls.map(([settlements]) => settlements.length)).toEqual([3]);
      await sender.stop();
    });

    it('are written one by one if the transaction of all failed, and a single one is not written again', async () => {
      const sender = t.createSender();
      const endAll = await sendThree(sender);
      const write = vi.spyOn(t.store, 'settle').mockRejectedValueOnce(new Error('conflict'));
      endAll();
      await settle();
      expect(write.mock.calls.map(([settlements]) => settlements.length)).toEqual([3, 1, 1, 1]);
      expect(t.onError).not.toHaveBeenCalled();
      write.mockClear();
      write.mockRejectedValueOnce(new Error('disk full'));
      await sender.deleteEndpoint((await sender.listEndpoints()).items[0]!.id);
      await sender.deleteEndpoint((await sender.listEndpoints()).items[0]!.id);
      t.answer = () => answered(200);
      await sender.publish(eventWithId('evt_2'));
      await settle();
      expect(write).toHaveBeenCalledTimes(1);
      expect(t.onError).toHaveBeenCalledExactlyOnceWith(new Error('disk full'));
      await sender.stop();
    });
  });
});

describe('a sender on a store that it shares with other processes', () => {
  const t = useSenderHarness(() => ({ ...createMemoryStore(), exclusive: false }));

  it('ignores the result of an attempt that another process has given up', async () => {
    let end: () => void = () => undefined;
    t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
    const slow = t.createSender();
    await t.createEndpoint(slow);
    await slow.start();
    const { deliveries } = await slow.publish(eventWithId('evt_1'));
    await settle();
    const ahead = t.createSender({ clock: { ...t.clock, now: () => t.clock.now() + 30_000 } });
    await ahead.start();
    await settle();
    end();
    await slow.stop();
    await ahead.stop();
    const { delivery, attempts } = (await slow.getDelivery(deliveries[0]!.id))!;
    expect([delivery.status, attempts.map(({ outcome }) => outcome)]).toEqual(['scheduled', ['unknown']]);
    expect(t.onError).not.toHaveBeenCalled();
  });

  it('sends a retry of an attempt that it gave up when it is due, although its alarm was set to a later time', async () => {
    const ids = () => t.sent.map(({ at, body }) => [at, body.id]);
    const sender = t.createSender();
    await t.createEndpoint(sender);
    await sender.start();
    t.answer = () => answered(429, { 'retry-after': '7200' });
    await sender.publish(eventWithId('evt_far'));
    await settle();
    t.clock.advance(30_000);
    await settle();
    t.answer = () => new Promise(() => undefined);
    const killed = t.createSender();
    await killed.start();
    await killed.publish(eventWithId('evt_1'));
    await settle();
    await killed.stop({ drainMs: 0 });
    t.answer = () => answered(200);
    t.clock.advance(31_000);
    await sender.publish(eventWithId('evt_2'));
    await settle();
    t.clock.advance(10_000);
    await settle();
    expect(ids()).toEqual([
      [0, 'evt_far'],
      [30, 'evt_1'],
      [61, 'evt_2'],
      [71, 'evt_1'],
    ]);
    await sender.stop();
  });
});
