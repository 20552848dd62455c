// A wall clock that is set while a sender runs: due times follow it, and attempts in flight are left alone.
import { describe, expect, it, vi } from 'vitest';
import { createMemoryStore, type Sender } from '../../../src/sender/index.js';
import { answered, eventWithId, settle, useSenderHarness } from '../../support/sender-harness.js';
import { stores } from '../../support/sender-stores.js';

const hour = 3_600_000;

describe.each(stores)('a sender on the $name store', ({ open }) => {
  const t = useSenderHarness(open, { canStep: true });

  async function advance(seconds: number): Promise<void> {
    t.clock.advance(seconds * 1_000);
    await settle();
  }
  /** Starts a sender and publishes an event. */
  async function startAndPublish(id = 'evt_1'): Promise<{ sender: Sender; deliveryId: string }> {
    const sender = t.createSender();
    await t.createEndpoint(sender);
    await sender.start();
    const { deliveries } = await sender.publish(eventWithId(id));
    await settle();
    return { sender, deliveryId: deliveries[0]!.id };
  }

  it('does not give up its own attempt if the clock is set forward past the lease', async () => {
    let end: () => void = () => undefined;
    t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
    const { sender, deliveryId } = await startAndPublish();
    t.offsetMs = hour;
    await advance(5);
    const details = async () => (await sender.getDelivery(deliveryId))!;
    expect((await details()).attempts.map(({ outcome }) => outcome)).toEqual(['pending']);
    end();
    await settle();
    expect((await details()).delivery).toMatchObject({ status: 'succeeded', attempts: 1 });
    await sender.stop();
  });

  it('sends a retry within 5 s if the clock is set forward to its due time', async () => {
    t.answer = (_, nth) => (nth === 1 ? answered(429, { 'retry-after': '3600' }) : answered(200));
    const { sender } = await startAndPublish();
    // The end of the lease leads to a poll; the alarm is set to the retry from then on.
    await advance(30);
    t.offsetMs = hour - 31_000;
    await advance(5);
    expect(t.sentTimes()).toEqual([0, 35]);
    await sender.stop();
  });

  it('brings due times forward within 5 s after the clock was set back', async () => {
    t.answer = () => answered(500);
    const { sender, deliveryId } = await startAndPublish();
    t.offsetMs = -hour;
    await advance(5);
    const { delivery } = (await sender.getDelivery(deliveryId))!;
    expect(delivery.dueAtMs).toBe(t.startedMs + 10_000 - hour);
    await sender.stop();
  });

  it('sends the retry of an attempt that ends after the clock was set back after its interval', async () => {
    let end: () => void = () => undefined;
    t.answer = (_, nth) =>
      nth === 1 ? new Promise((resolve) => (end = () => resolve(answered(500)))) : answered(200);
    const { sender } = await startAndPublish();
    t.offsetMs = -hour;
    end();
    await settle();
    await advance(9.999);
    expect(t.sentTimes()).toEqual([0]);
    await advance(0.001);
    expect(t.sentTimes()).toEqual([0, 10]);
    await sender.stop();
  });

  it('repeats a rebase that failed, and delays no retry', async () => {
    t.answer = (_, nth) => answered(nth === 1 ? 500 : 200);
    const { sender } = await startAndPublish();
    const rebase = vi.spyOn(t.store, 'rebase').mockRejectedValueOnce(new Error('locked'));
    t.offsetMs = -hour;
    await advance(5);
    expect(t.onError).toHaveBeenCalledExactlyOnceWith(new Error('locked'));
    await advance(1);
    expect(rebase).toHaveBeenCalledTimes(2);
    await advance(4);
    expect(t.sentTimes()).toEqual([0, 10]);
    await sender.stop();
  });

  it('settles an attempt although the rebase before it fails, which the next poll repeats', async () => {
    let end: () => void = () => undefined;
    t.answer = (_, nth) =>
      nth === 1 ? new Promise((resolve) => (end = () => resolve(answered(500)))) : answered(200);
    const { sender, deliveryId } = await startAndPublish();
    const rebase = vi.spyOn(t.store, 'rebase').mockRejectedValueOnce(new Error('locked'));
    t.offsetMs = -hour;
    end();
    await settle();
    expect((await sender.getDelivery(deliveryId))!.attempts[0]!.outcome).toBe('failure');
    await settle();
    expect(rebase).toHaveBeenCalledTimes(2);
    await sender.stop();
  });

  it('stores no result while a rebase is under way', async () => {
    let end: () => void = () => undefined;
    t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
    const { sender, deliveryId } = await startAndPublish();
    const rebase = t.store.rebase.bind(t.store);
    let resume: () => void = () => undefined;
    t.store.rebase = async (request) => {
      await new Promise<void>((resolve) => (resume = resolve));
      return rebase(request);
    };
    t.offsetMs = -hour;
    await advance(5);
    end();
    await settle();
    const status = async () => (await sender.getDelivery(deliveryId))!.delivery.status;
    expect(await status()).toBe('attempting');
    resume();
    await settle();
    expect(await status()).toBe('succeeded');
    await sender.stop();
  });

  it('continues a rebase that failed at the start when it is started again', async () => {
    const before = t.createSender();
    await t.createEndpoint(before);
    await before.publish(eventWithId('evt_1'));
    t.offsetMs = -hour;
    const rebase = vi.spyOn(t.store, 'rebase');
    rebase.mockResolvedValueOnce(7).mockRejectedValueOnce(new Error('locked'));
    const sender = t.createSender();
    await expect(sender.start()).rejects.toThrow('locked');
    rebase.mockResolvedValueOnce(undefined);
    await sender.start();
    expect(rebase.mock.calls.map(([{ byMs, position }]) => [byMs, position])).toEqual([
      [hour, undefined],
      [hour, 7],
      [hour, 7],
    ]);
    await sender.stop();
  });

  it('rebases by both steps if the clock is set back again during a rebase', async () => {
    t.answer = () => answered(500);
    const { sender, deliveryId } = await startAndPublish();
    const rebase = t.store.rebase.bind(t.store);
    const spans: number[] = [];
    t.store.rebase = async (request) => {
      if (spans.push(request.byMs) === 1) {
        t.offsetMs = -2 * hour;
        // Reading the clock notices the step.
        await sender.publish(eventWithId('evt_2'));
      }
      return rebase(request);
    };
    t.offsetMs = -hour;
    await advance(5);
    expect(spans).toEqual([hour, hour]);
    expect((await sender.getDelivery(deliveryId))!.delivery.dueAtMs).toBe(t.startedMs + 10_000 - 2 * hour);
    await sender.stop();
  });

  it.each([
    [999, 0],
    [1_000, 1],
  ])('whose store was written %s ms in the future rebases %s times at the start', async (aheadMs, times) => {
    const before = t.createSender();
    await t.createEndpoint(before);
    await before.publish(eventWithId('evt_1'));
    t.offsetMs = -aheadMs;
    const rebase = vi.spyOn(t.store, 'rebase');
    const sender = t.createSender();
    await sender.start();
    expect(rebase).toHaveBeenCalledTimes(times);
    await sender.stop();
  });

  it('polls the store at least every 25 s', async () => {
    const claim = vi.spyOn(t.store, 'claim');
    const sender = t.createSender();
    await sender.start();
    await settle();
    claim.mockClear();
    for (let seconds = 0; seconds < 20; seconds += 5) await advance(5);
    expect(claim).not.toHaveBeenCalled();
    await advance(5);
    expect(claim).toHaveBeenCalled();
    await sender.stop();
  });

  it('keeps the interval of a retry in runUntilIdle if the clock was set back', async () => {
    t.answer = (_, nth) => {
      if (nth === 1) t.offsetMs = -hour;
      return answered(nth < 3 ? 500 : 200);
    };
    const sender = t.createSender({
      clock: { ...t.senderClock, advanceTo: (timeMs) => t.clock.advanceTo(timeMs - t.offsetMs) },
    });
    await t.createEndpoint(sender);
    await sender.publish(eventWithId('evt_1'));
    await sender.runUntilIdle();
    expect(t.sentTimes()).toEqual([0, 10, 70]);
  });
});

describe('a sender on a store that it shares with other processes', () => {
  const t = useSenderHarness(() => ({ ...createMemoryStore(), exclusive: false }), { canStep: true });

  it('leaves the attempts of the others alone, and rebases no times', async () => {
    t.answer = () => new Promise(() => undefined);
    const other = t.createSender();
    await t.createEndpoint(other);
    await other.start();
    const { deliveries } = await other.publish(eventWithId('evt_1'));
    await settle();
    const rebase = vi.spyOn(t.store, 'rebase');
    t.offsetMs = -10_000;
    const sender = t.createSender();
    await sender.start();
    t.clock.advance(5_000);
    await settle();
    expect((await sender.getDelivery(deliveries[0]!.id))!.attempts[0]!.outcome).toBe('pending');
    expect(rebase).not.toHaveBeenCalled();
    await other.stop({ drainMs: 0 });
    await sender.stop();
  });

  it('gives up the attempt of another one when its lease has expired, and retries it', async () => {
    t.answer = () => new Promise(() => undefined);
    const other = t.createSender();
    await t.createEndpoint(other);
    await other.start();
    await other.publish(eventWithId('evt_1'));
    await settle();
    await other.stop({ drainMs: 0 });
    t.answer = () => answered(200);
    const sender = t.createSender();
    await sender.start();
    for (let seconds = 0; seconds < 40; seconds += 5) {
      t.clock.advance(5_000);
      await settle();
    }
    expect(t.sentTimes()).toEqual([0, 40]);
    await sender.stop();
  });
});
