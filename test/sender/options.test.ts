// The options of createSender: rejected values, and the rows that `retention` keeps.
import { describe, expect, it, vi } from 'vitest';
import type { Sender, SenderOptions } from '../../src/sender/index.js';
import { createMemoryStore } from '../../src/sender/stores/memory/memory.js';
import { answered, failedDeployment, useSenderHarness } from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';
import { sleep } from '../support/sleep.js';

describe('createSender', () => {
  const t = useSenderHarness(createMemoryStore);

  it.each([
    [{ store: createMemoryStore as never }, /store must be a store/],
    [{ store: undefined as never }, /store must be a store/],
    [{ transport: (() => undefined) as never }, /transport must be/],
    [{ clock: Date as never }, /clock must be/],
    [{ allowPrivateNetwork: 'false' as never }, /allowPrivateNetwork must be true or false/],
    [{ attemptTimeoutMs: '5000' as never }, /attemptTimeoutMs must be/],
    [{ retryScheduleSeconds: '10' as never }, /retryScheduleSeconds must be/],
    [{ retryScheduleSeconds: [-1] }, /retryScheduleSeconds must be/],
    [{ maxInFlight: 0 }, /maxInFlight must be/],
    [{ maxInFlight: null as never }, /maxInFlight must be/],
    [{ maxInFlightPerEndpoint: 1.5 }, /maxInFlightPerEndpoint must be/],
    [{ jitterRatio: 2 }, /jitterRatio must be/],
    [{ retention: 30 as never }, /retention must be an object/],
    [{ retention: null as never }, /retention must be an object/],
    [{ retention: { days: 0 } }, /retention\.days must be/],
    [{ retention: { hours: 1 } as never }, /hours is not an option of retention/],
    [{ onEndpointDisabled: 'x' as never }, /onEndpointDisabled must be/],
    [{ retrySchedule: [1] } as never, /retrySchedule is not an option of createSender. Known: store,/],
  ])('throws a TypeError for %o', (options: Partial<SenderOptions>, message) => {
    expect(() => t.createSender(options)).toThrow(message);
    expect(() => t.createSender(options)).toThrow(TypeError);
  });
});

describe.each(stores)('retention on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  const settled = (sender: Sender, id: string) =>
    vi.waitFor(async () => expect((await sender.getDelivery(id))!.delivery.status).toBe('succeeded'));

  it.each([
    ['30 days by default', {}, 29.9, 30.1],
    ['the days of the option', { retention: { days: 2 } }, 1.9, 2.1],
  ])('keeps a delivery that has ended for %s, and then drops it', async (_, options, stillDays, goneDays) => {
    t.answer = () => answered(200);
    const sender = t.createSender(options);
    await t.createEndpoint(sender);
    await sender.start();
    const [delivery] = (await sender.publish(failedDeployment())).deliveries;
    await settled(sender, delivery!.id);
    t.clock.advanceTo(t.startedMs + stillDays * 86_400_000);
    await sleep(10);
    expect(await sender.getDelivery(delivery!.id)).toBeDefined();
    t.clock.advanceTo(t.startedMs + goneDays * 86_400_000);
    await sleep(10);
    t.clock.advance(90_000);
    await vi.waitFor(async () => expect(await sender.getDelivery(delivery!.id)).toBeUndefined());
    await sender.stop();
    expect((await sender.publish(failedDeployment())).created).toBe(true);
  });

  it('keeps the newest `deliveries` that have ended, and all that wait', async () => {
    t.answer = () => answered(200);
    const sender = t.createSender({ retention: { deliveries: 1 } });
    const { id } = await t.createEndpoint(sender, { accountId: failedDeployment().account_id });
    await sender.start();
    const ids: string[] = [];
    for (let each = 0; each < 3; each += 1) {
      const [delivery] = (await sender.publish(failedDeployment())).deliveries;
      ids.push(delivery!.id);
      await settled(sender, delivery!.id);
    }
    await sender.disableEndpoint(id);
    const [held] = (await sender.publish(failedDeployment())).deliveries;
    t.clock.advance(90_000);
    await vi.waitFor(async () => expect(await sender.getDelivery(ids[1]!)).toBeUndefined());
    await sender.stop();
    const kept = (await sender.listDeliveries()).items.map((delivery) => delivery.id);
    expect(kept).toEqual([held!.id, ids[2]]);
  });

  it('reports an error of the store to onError, and sweeps again', async () => {
    const prune = t.store.prune.bind(t.store);
    t.store.prune = () => Promise.reject(new Error('disk full'));
    const sender = t.createSender();
    await sender.start();
    await vi.waitFor(() => expect(t.onError).toHaveBeenCalledWith(new Error('disk full')));
    let pruned = 0;
    t.store.prune = (rule) => {
      pruned += 1;
      return prune(rule);
    };
    t.clock.advance(90_000);
    await vi.waitFor(() => expect(pruned).toBe(1));
    await sender.stop();
  });
});
