// The rows that a sender deletes, the times at which it does, and the notifications before that.
import { setTimeout as sleep } from 'node:timers/promises';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSender, type HeldNotice, type Sender, type SenderOptions } from '../../../src/sender/index.js';
import type { DeliveryRecord } from '../../../src/sender/records.js';
import type { PruneRule, SenderStore } from '../../../src/sender/stores/store.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { countFor } from '../../support/long.js';
import { stores } from '../../support/sender-stores.js';

const url = 'https://93.184.215.14/hook';
const dayMs = 86_400_000;
const sweepMs = 90_000;

describe.each(stores)('retention on the $name store', ({ open }) => {
  let store: SenderStore;
  let clock: ReturnType<typeof createVirtualClock>;
  let startedMs: number;
  let offsetMs: number;
  let status: number;
  let notifications: (HeldNotice & { id: string; day: number })[];
  let onHeldExpiring: SenderOptions['onHeldExpiring'];
  const onError = vi.fn();

  beforeEach(() => {
    store = open();
    clock = createVirtualClock();
    startedMs = clock.now();
    offsetMs = 0;
    status = 200;
    notifications = [];
    onHeldExpiring = ({ id }, notice) =>
      notifications.push({ ...notice, id, day: (clock.now() - startedMs) / dayMs });
    vi.clearAllMocks();
  });
  afterEach(() => store.close());

  function make(retention: SenderOptions['retention'] = {}): Sender {
    return createSender({
      store,
      clock: { ...clock, now: () => clock.now() + offsetMs },
      retention,
      transport: {
        send: async ({ body }) => ({
          status: new TextDecoder().decode(body).includes('"event":"ping"') ? 200 : status,
          responseBody: 'x'.repeat(1_000),
          timings: { totalMs: 0 },
        }),
        close: async () => undefined,
      },
      onHeldExpiring: (endpoint, notice) => onHeldExpiring?.(endpoint, notice),
      onError,
    });
  }
  const endpointOf = (sender: Sender, accountId: string) =>
    sender.createEndpoint({ url, events: ['*'], accountId });
  const publish = (sender: Sender, accountId: string, more: object = {}) =>
    sender.publish({
      event: 'site.deleted',
      account_id: accountId,
      data: { site_id: 's', site_name: 'x' },
      ...more,
    });
  async function publishMany(sender: Sender, accountId: string, count: number, more?: object): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => publish(sender, accountId, more)));
    await sender.runUntilIdle();
  }
  async function all(sender: Sender, filter: { status?: DeliveryRecord['status'] } = {}) {
    const found: DeliveryRecord[] = [];
    let cursor: string | undefined;
    do {
      const page = await sender.listDeliveries({ ...filter, limit: 100, ...(cursor && { cursor }) });
      found.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found.filter(({ kind }) => kind !== 'ping');
  }
  /** Starts the sender for one complete sweep. */
  async function sweep(sender: Sender): Promise<void> {
    let turns = 0;
    const prune = store.prune.bind(store);
    store.prune = async (rule: PruneRule) => {
      const step = await prune(rule);
      turns = step.isComplete && step.forgotten === 0 ? 1 : 0;
      return step;
    };
    await sender.start();
    await vi.waitFor(() => expect(turns).toBe(1), { timeout: 20_000 });
    await sleep(10);
    store.prune = prune;
    await sender.stop();
  }

  describe('limits on amounts', () => {
    it('apply per account, so that a busy account does not evict the events of another', async () => {
      const sender = make({ deliveries: 50 });
      await endpointOf(sender, 'acc_quiet');
      await endpointOf(sender, 'acc_busy');
      await publish(sender, 'acc_quiet', { id: 'evt_invoice' });
      await publishMany(sender, 'acc_busy', 300);
      await sweep(sender);
      expect((await publish(sender, 'acc_quiet', { id: 'evt_invoice' })).created).toBe(false);
      const kept = await all(sender);
      expect(kept.filter(({ accountId }) => accountId === 'acc_quiet')).toHaveLength(1);
      // The account's ping counts too, and is its oldest delivery.
      expect(kept.filter(({ accountId }) => accountId === 'acc_busy')).toHaveLength(50);
    });

    it('apply to bytes, including the response bodies of attempts', async () => {
      const sender = make({ bytes: 100_000 });
      await endpointOf(sender, 'acc_1');
      await publishMany(sender, 'acc_1', 200);
      await sweep(sender);
      const kept = (await all(sender)).length;
      // Each has a body of about 150 bytes, a response of 1,000, and the overhead of an attempt.
      expect(kept).toBeGreaterThan(40);
      expect(kept).toBeLessThan(100);
    });

    it('apply to events that no endpoint is subscribed to', async () => {
      const sender = make({ deliveries: 10 });
      await endpointOf(sender, 'acc_1');
      for (let each = 0; each < 30; each += 1) await publish(sender, 'acc_none', { id: `evt_${each}` });
      await sweep(sender);
      expect((await publish(sender, 'acc_none', { id: 'evt_29' })).created).toBe(false);
      expect((await publish(sender, 'acc_none', { id: 'evt_19' })).created).toBe(true);
    });

    it('stay correct over releases, deletions and sweeps', async () => {
      const sender = make({ deliveries: 100 });
      const { id } = await endpointOf(sender, 'acc_1');
      for (let round = 0; round < 5; round += 1) {
        await sender.disableEndpoint(id);
        await publishMany(sender, 'acc_1', 30);
        await sender.enableEndpoint(id, { release: true });
        await sender.runUntilIdle();
        await sweep(sender);
      }
      // With the ping, 151 have ended. A count that drifts would keep more or fewer than 100.
      expect((await all(sender)).length).toBe(100);
      await sender.deleteEndpoint(id);
      await sweep(sender);
      expect((await all(sender)).length).toBe(100);
    });
  });

  describe('held deliveries', () => {
    it('are dropped after 30 days, with one notification a week before and one afterwards', async () => {
      const sender = make();
      const { id } = await endpointOf(sender, 'acc_1');
      await sender.disableEndpoint(id);
      await publish(sender, 'acc_1');
      for (let day = 0; day <= 40; day += 1) {
        await sweep(sender);
        const expected = day < 30 ? 1 : 0;
        expect((await all(sender, { status: 'held' })).length).toBe(expected);
        clock.advance(dayMs);
      }
      expect(notifications).toEqual([
        { id, state: 'expiring', fromMs: startedMs + 30 * dayMs, deliveries: 1, day: 23 },
        { id, state: 'dropped', fromMs: startedMs + 30 * dayMs, deliveries: 0, day: 30 },
      ]);
      expect(onError).not.toHaveBeenCalled();
    });

    it.each([
      ['number', { deliveries: 100 }, 100],
      ['bytes', { bytes: 100_000 }, 700],
    ])(
      'are limited in %s, and none is dropped within an hour of the notification',
      async (_, retention, limit) => {
        const sender = make(retention);
        const { id } = await endpointOf(sender, 'acc_1');
        await sender.disableEndpoint(id);
        await publishMany(sender, 'acc_1', 1_000);
        await sweep(sender);
        expect(notifications).toMatchObject([{ id, state: 'expiring', fromMs: startedMs + 3_600_000 }]);
        clock.advance(3_600_000 - 1);
        await sweep(sender);
        expect(await all(sender, { status: 'held' })).toHaveLength(1_000);
        clock.advance(1);
        await sweep(sender);
        const left = (await all(sender, { status: 'held' })).length;
        expect(left).toBeLessThanOrEqual(limit);
        expect(left).toBeGreaterThan(50);
        expect(notifications.map(({ state }) => state)).toEqual(['expiring', 'dropped']);
        for (let day = 0; day < 5; day += 1) {
          clock.advance(dayMs);
          await publishMany(sender, 'acc_1', 200);
          await sweep(sender);
          expect((await all(sender, { status: 'held' })).length).toBeLessThanOrEqual(limit);
        }
        expect(notifications).toHaveLength(2);
      },
    );

    it('cause a notification in time for a second endpoint, however many the first one has', async () => {
      const sender = make();
      const first = await endpointOf(sender, 'acc_1');
      await sender.disableEndpoint(first.id);
      await publishMany(sender, 'acc_1', 500);
      await sender.deleteEndpoint((await endpointOf(sender, 'acc_1')).id);
      clock.advance(dayMs);
      const second = await endpointOf(sender, 'acc_1');
      await sender.disableEndpoint(second.id);
      await publish(sender, 'acc_1');
      clock.advance(23 * dayMs);
      await sweep(sender);
      expect(notifications.map(({ id }) => id).sort()).toEqual([first.id, second.id].sort());
    });

    it('cause another notification after the endpoint was enabled and disabled again', async () => {
      const sender = make();
      const { id } = await endpointOf(sender, 'acc_1');
      for (const round of [1, 2]) {
        await sender.disableEndpoint(id);
        await publish(sender, 'acc_1');
        clock.advance(24 * dayMs);
        await sweep(sender);
        await sweep(sender);
        expect(notifications).toHaveLength(round);
        await sender.enableEndpoint(id, { release: true });
        await sender.runUntilIdle();
      }
    });

    it('cause a notification again if the callback failed or the process crashed', async () => {
      let fails = true;
      const record = onHeldExpiring!;
      onHeldExpiring = (...notification) => {
        if (fails) throw new Error('mail server down');
        return record(...notification);
      };
      const sender = make();
      const { id } = await endpointOf(sender, 'acc_1');
      await sender.disableEndpoint(id);
      await publish(sender, 'acc_1');
      clock.advance(24 * dayMs);
      await sweep(sender);
      expect(onError).toHaveBeenCalledWith(new Error('mail server down'));
      fails = false;
      await sweep(make());
      await sweep(make());
      expect(notifications).toHaveLength(1);
    });

    it('are dropped even if the callback never resolves', async () => {
      onHeldExpiring = () => new Promise(() => undefined);
      const sender = make();
      const { id } = await endpointOf(sender, 'acc_1');
      await sender.disableEndpoint(id);
      await publish(sender, 'acc_1');
      for (const days of [24, 8]) {
        clock.advance(days * dayMs);
        await sweep(sender);
      }
      expect(await all(sender, { status: 'held' })).toHaveLength(0);
    });
  });

  it('deletes rows dated in the future together with rows created after them', async () => {
    const sender = make();
    await endpointOf(sender, 'acc_1');
    offsetMs = 365 * dayMs;
    await publishMany(sender, 'acc_1', 600);
    offsetMs = 0;
    await publishMany(sender, 'acc_1', 700);
    clock.advance(29 * dayMs);
    await sweep(sender);
    expect(await all(sender)).toHaveLength(1_300);
    clock.advance(2 * dayMs);
    await sweep(sender);
    expect(await all(sender)).toHaveLength(0);
  });

  it('sweeps every 90 seconds while the sender runs', async () => {
    const sender = make({ deliveries: 0 });
    await endpointOf(sender, 'acc_1');
    await sender.start();
    const { deliveries } = await publish(sender, 'acc_1');
    await vi.waitFor(async () =>
      expect((await sender.getDelivery(deliveries[0]!.id))?.delivery.status).toBe('succeeded'),
    );
    clock.advance(sweepMs);
    await vi.waitFor(async () => expect(await sender.getDelivery(deliveries[0]!.id)).toBeUndefined());
    await sender.stop();
  });

  // The largest run so far had RETENTION_DELIVERIES=1000000.
  const many = countFor('RETENTION_DELIVERIES', { short: 10_000, long: 50_000 });
  it(`deletes ${many} deliveries in steps of at most 50 ms of CPU time`, async () => {
    const sender = make();
    await endpointOf(sender, 'acc_1');
    for (let done = 0; done < many; done += 1_000) {
      const batch = Array.from({ length: 1_000 }, (_, each) => {
        const id = String(done + each);
        const event = { id: `evt_${id}`, type: 'site.deleted', accountId: 'acc_1' };
        const row = { id: `dlv_${id}`, eventId: event.id, eventType: event.type, accountId: event.accountId };
        return store.publish({ ...event, body: new Uint8Array(400), createdAtMs: startedMs }, () => ({
          ...row,
          endpointId: 'wh_0',
          kind: 'automatic',
          status: 'succeeded',
          attempts: 0,
          dueAtMs: null,
          token: null,
          leaseUntilMs: null,
          createdAtMs: startedMs,
        }));
      });
      await Promise.all(batch);
    }
    clock.advance(31 * dayMs);
    const prune = store.prune.bind(store);
    let longestMs = 0;
    let forgotten = 0;
    store.prune = async (rule) => {
      const before = process.threadCpuUsage();
      const step = await prune(rule);
      const { user, system } = process.threadCpuUsage(before);
      longestMs = Math.max(longestMs, (user + system) / 1_000);
      forgotten += step.forgotten;
      return step;
    };
    await sweep(sender);
    expect(forgotten).toBeGreaterThanOrEqual(many);
    expect(longestMs).toBeLessThan(50);
  }, 600_000);
});
