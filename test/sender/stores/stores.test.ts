// What every store must do, whatever keeps its rows. The contract and model tests hold the rest.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type AttemptRecord,
  type DeliveryRecord,
  type EndpointRecord,
  type EventRecord,
  type IdempotencyRecord,
  type Transition,
} from '../../../src/sender/records.js';
import { maxEndpointsPerStep, type PruneRule, type SenderStore } from '../../../src/sender/stores/store.js';
import { createSqliteStore } from '../../../src/sender/stores/sqlite/sqlite.js';
import { stores } from '../../support/sender-stores.js';

const endpoint = (id: string, more: Partial<EndpointRecord> = {}): EndpointRecord => ({
  id,
  accountId: null,
  url: `https://example.com/${id}`,
  events: ['*'],
  secret: 'whsec_of_the_store_suite',
  status: 'enabled',
  disabledReason: null,
  disabledAtMs: null,
  failingSinceMs: null,
  lastError: null,
  disabledNotificationPending: false,
  heldExpiresAtMs: null,
  heldDroppedAtMs: null,
  heldNotificationPending: false,
  createdAtMs: 1,
  ...more,
});
const event = (id: string, more: Partial<EventRecord> = {}): EventRecord => ({
  id,
  type: 'credits.low',
  accountId: 'acc_1',
  body: new Uint8Array([0x7b, 0xff, 0x00, 0x7d]),
  createdAtMs: 1,
  ...more,
});
const delivery = (id: string, eventId: string, more: Partial<DeliveryRecord> = {}): DeliveryRecord => ({
  id,
  eventId,
  eventType: 'credits.low',
  accountId: 'acc_1',
  endpointId: 'wh_1',
  kind: 'automatic',
  status: 'scheduled',
  attempts: 0,
  dueAtMs: 10,
  token: null,
  leaseUntilMs: null,
  createdAtMs: 1,
  ...more,
});
const attempt = (deliveryId: string, more: Partial<AttemptRecord> = {}): AttemptRecord => ({
  deliveryId,
  number: 1,
  url: 'https://example.com/',
  startedAtMs: 10,
  endedAtMs: null,
  outcome: 'pending',
  requestHeaders: null,
  result: null,
  nextAttemptAtMs: null,
  reason: null,
  ...more,
});
const rule = (more: Partial<PruneRule> = {}): PruneRule => ({
  nowMs: 1e6,
  endedBeforeMs: 0,
  heldMs: 1e9,
  heldNoticeMs: 0,
  deliveries: 1e9,
  bytes: 1e12,
  keysBeforeMs: 0,
  limit: 10,
  expireHeld: (at) => ({ endpoint: at, isDropped: false }),
  ...more,
});
const keyOf = (accountId: string, key: string): IdempotencyRecord => ({
  accountId,
  key,
  fingerprint: 'f',
  resourceId: 'r',
  begunAtMs: 100,
  isAbandoned: false,
  response: null,
});
const keyExpiry = { beforeMs: 0, abandonedMs: 0, limit: 9 };
/** Prunes step by step until the end of the store. */
async function prune(store: SenderStore, more: Partial<PruneRule>): Promise<number> {
  let forgotten = 0;
  for (let isComplete = false; !isComplete;) {
    const step = await store.prune(rule(more));
    expect(step.forgotten).toBeLessThanOrEqual(rule(more).limit);
    forgotten += step.forgotten;
    isComplete = step.isComplete;
  }
  return forgotten;
}
const begin: Transition = ({ delivery: row, endpoint: at }) =>
  at?.status === 'disabled'
    ? { delivery: { ...row, status: 'held', dueAtMs: null } }
    : {
        delivery: {
          ...row,
          status: 'attempting',
          attempts: row.attempts + 1,
          dueAtMs: null,
          token: 't',
          leaseUntilMs: 99,
        },
        attempt: attempt(row.id, { number: row.attempts + 1 }),
      };
const ended: Transition = ({ delivery: row }) => ({
  delivery: { ...row, status: 'succeeded', dueAtMs: null, token: null, leaseUntilMs: null },
});

describe.each(stores)('the $name store', ({ open }) => {
  let store: SenderStore;
  beforeEach(() => {
    store = open();
  });
  afterEach(() => store.close());

  const ask = (more: object = {}) =>
    store.claim({
      lane: 'first',
      nowMs: 10,
      limit: 100,
      accountCapacityOf: () => 100,
      capacityOf: () => 8,
      begin,
      ...more,
    });
  const publish = (id: string, more: Partial<DeliveryRecord> = {}) =>
    store.publish(event(`evt_${id}`), ({ id: endpointId }) =>
      delivery(`dlv_${id}_${endpointId}`, `evt_${id}`, { endpointId, ...more }),
    );

  it('gives back exactly what it was given', async () => {
    const full = endpoint('wh_1', {
      accountId: 'acc_1',
      events: ['credits.low', 'site.deleted'],
      status: 'disabled',
      disabledReason: 'failures',
      disabledAtMs: 5,
      failingSinceMs: 4,
      lastError: 'HTTP 500 \u0000 "quoted" \u{1f4a5}',
      disabledNotificationPending: true,
    });
    await store.insertEndpoint(full);
    expect(await store.getEndpoint('wh_1')).toEqual(full);
    expect(await store.pendingDisabledNotifications()).toEqual([full]);
    const whole = attempt('dlv_1', {
      endedAtMs: 11,
      outcome: 'failure',
      requestHeaders: { 'x-a': '__proto__' },
      result: { status: 500, responseHeaders: { 'x-b': 'c' }, responseBody: 'no', timings: { totalMs: 1.5 } },
      nextAttemptAtMs: 20,
      reason: 'because',
    });
    await store.insertDelivery({
      delivery: delivery('dlv_1', 'evt_1'),
      event: event('evt_1'),
      attempt: whole,
    });
    expect(await store.getDelivery('dlv_1')).toEqual({
      delivery: delivery('dlv_1', 'evt_1'),
      event: event('evt_1'),
      attempts: [whole],
    });
  });

  it('has nothing where there is nothing', async () => {
    expect(await store.getEndpoint('wh_0')).toBeUndefined();
    expect(await store.updateEndpoint('wh_0', (each) => each)).toBeUndefined();
    expect(await store.deleteEndpoint('wh_0', ended)).toBe(false);
    expect(await store.getDelivery('dlv_0')).toBeUndefined();
    expect(await store.nextAlarmMs(0)).toBeUndefined();
    expect(await ask()).toEqual({ claims: [], processed: 0 });
    await store.settle([{ deliveryId: 'dlv_0', change: ended }]);
  });

  it('publishes an id once, also when it is published together', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    const [first, second] = await Promise.all([publish('1'), publish('1')]);
    expect([first.created, second.created]).toEqual([true, false]);
    expect(second.deliveries).toEqual(first.deliveries);
    await store.insertDelivery({ delivery: delivery('dlv_hand', 'evt_1', { kind: 'manual' }) });
    expect((await publish('1')).deliveries).toEqual(first.deliveries);
  });

  it('claims what is due, oldest first, up to the limit and to what each endpoint may have', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await store.insertEndpoint(endpoint('wh_2'));
    for (let due = 5; due > 0; due -= 1) await publish(String(due), { dueAtMs: due });
    await publish('later', { dueAtMs: 11 });
    const { claims, processed } = await ask({ capacityOf: (id: string) => (id === 'wh_1' ? 3 : 1) });
    expect(claims.map((each) => each.delivery.id).sort()).toEqual(
      ['dlv_1_wh_1', 'dlv_2_wh_1', 'dlv_3_wh_1', 'dlv_1_wh_2'].sort(),
    );
    expect(processed).toBe(4);
    expect((await store.getDelivery('dlv_1_wh_1'))?.attempts).toHaveLength(1);
    expect((await ask({ limit: 2 })).claims).toHaveLength(2);
    expect((await ask({ capacityOf: () => 0 })).claims).toHaveLength(0);
    expect((await ask()).claims).toHaveLength(4);
    expect((await ask()).claims).toHaveLength(0);
    expect(await store.nextAlarmMs(0)).toBe(11);
  });

  it('is not kept from others by any number of endpoints that are full', async () => {
    for (let each = 0; each < 250; each += 1) await store.insertEndpoint(endpoint(`wh_${each}`));
    await publish('1', { dueAtMs: 1 });
    await store.insertEndpoint(endpoint('wh_free'));
    await store.insertDelivery({ delivery: delivery('dlv_free', 'evt_1', { endpointId: 'wh_free' }) });
    const { claims } = await ask({ capacityOf: (id: string) => (id === 'wh_free' ? 1 : 0) });
    expect(claims.map((each) => each.delivery.id)).toEqual(['dlv_free']);
  });

  describe('with several accounts', () => {
    const of = (accountId: string, id: string) => endpoint(id, { accountId });
    const due = (accountId: string, id: string, dueAtMs: number) =>
      store.publish(event(`evt_${id}`, { accountId }), ({ id: endpointId }) =>
        delivery(`dlv_${id}_${endpointId}`, `evt_${id}`, { accountId, endpointId, dueAtMs }),
      );
    const owners = async (more: object) => (await ask(more)).claims.map((each) => each.delivery.accountId);

    it('gives each account its turn, however many endpoints another has and however long they wait', async () => {
      for (let each = 0; each < 150; each += 1) await store.insertEndpoint(of('acc_many', `wh_${each}`));
      await store.insertEndpoint(of('acc_one', 'wh_one'));
      await store.insertEndpoint(of('acc_two', 'wh_two'));
      for (let each = 0; each < 10; each += 1) await due('acc_many', `many_${each}`, each);
      await due('acc_one', 'one', 10);
      await due('acc_two', 'two', 10);
      // One place at a time, as they become free: nobody waits for more than one turn of each of the others.
      const turns = [];
      for (let each = 0; each < 3; each += 1) turns.push(...(await owners({ limit: 1 })));
      expect(turns.sort()).toEqual(['acc_many', 'acc_one', 'acc_two']);
    });

    it('passes over an account that has no room', async () => {
      for (let each = 0; each < 150; each += 1) await store.insertEndpoint(of('acc_full', `wh_${each}`));
      await store.insertEndpoint(of('acc_one', 'wh_one'));
      await due('acc_full', 'full', 1);
      await due('acc_one', 'one', 10);
      const asked: string[] = [];
      const request = {
        accountCapacityOf: (id: string) => (id === 'acc_full' ? 0 : 8),
        capacityOf: (id: string) => {
          asked.push(id);
          return 8;
        },
      };
      expect(await owners(request)).toEqual(['acc_one']);
      // Its endpoints are not even looked at.
      expect(asked).toEqual(['wh_one']);
      expect(await owners({ accountCapacityOf: () => 5 })).toHaveLength(5);
    });

    it('gives the endpoints of an account their turns', async () => {
      await store.insertEndpoint(of('acc_1', 'wh_old'));
      for (let each = 0; each < 40; each += 1) await due('acc_1', `old_${each}`, Math.floor(each / 4));
      await store.insertEndpoint(of('acc_1', 'wh_new'));
      await due('acc_1', 'new', 10);
      const { claims } = await ask({ limit: 12, capacityOf: () => 20 });
      expect(claims.map((each) => each.delivery.endpointId)).toContain('wh_new');
    });

    it('counts endpoints of no account as one account', async () => {
      for (let each = 0; each < 9; each += 1) await store.insertEndpoint(endpoint(`wh_${each}`));
      for (const account of ['acc_1', 'acc_2']) await due(account, account, 1);
      const asked = new Set<string>();
      const accountCapacityOf = (id: string) => {
        asked.add(id);
        return 4;
      };
      expect(await owners({ accountCapacityOf })).toHaveLength(4);
      expect([...asked]).toEqual(['*']);
    });

    it('goes on with turns after the clock was set back', async () => {
      await store.insertEndpoint(of('acc_1', 'wh_1'));
      await due('acc_1', '1', 1_000);
      expect(await store.nextAlarmMs(0)).toBe(1_000);
      expect(await owners({ nowMs: 1_000, accountCapacityOf: () => 0 })).toEqual([]);
      expect(await store.nextAlarmMs(10)).toBe(1_000);
      expect(await owners({ nowMs: 10 })).toEqual([]);
      expect(await owners({ nowMs: 1_000 })).toEqual(['acc_1']);
    });
  });

  it('brings due times and leases forward in bounded steps, and none before now', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await publish('soon', { dueAtMs: 150 });
    await publish('late', { attempts: 1, dueAtMs: 1_100 });
    await publish('past', { dueAtMs: 50 });
    await publish('begun', { dueAtMs: 1 });
    await ask();
    let position: number | undefined;
    do position = await store.rebase({ nowMs: 60, byMs: 100, ...(position !== undefined && { position }) });
    while (position !== undefined);
    const after = async (id: string) => (await store.getDelivery(`dlv_${id}_wh_1`))!.delivery;
    expect((await after('soon')).dueAtMs).toBe(60);
    expect((await after('late')).dueAtMs).toBe(1_000);
    expect((await after('past')).dueAtMs).toBe(50);
    expect((await after('begun')).leaseUntilMs).toBe(60);
    expect(await store.nextAlarmMs(60)).toBe(1_000);
  });

  describe('publishing to many endpoints', () => {
    const count = 2 * maxEndpointsPerStep + 50;
    beforeEach(async () => {
      for (let each = 0; each < count; each += 1) await store.insertEndpoint(endpoint(`wh_${each}`));
    });
    const step = (position?: number) =>
      store.publish(
        event('evt_1'),
        ({ id: endpointId }) => delivery(`dlv_${endpointId}`, 'evt_1', { endpointId }),
        position,
      );

    it('takes several steps, and gives each of them again', async () => {
      const sizes: number[] = [];
      const positions: (number | undefined)[] = [];
      for (let position: number | undefined = 0; position !== undefined;) {
        const { created, deliveries, next } = await step(position);
        expect(created).toBe(true);
        sizes.push(deliveries.length);
        positions.push(position);
        position = next;
      }
      expect(sizes).toEqual([maxEndpointsPerStep, maxEndpointsPerStep, 50]);
      const seen = new Set<string>();
      for (let position: number | undefined = 0; position !== undefined;) {
        const { created, deliveries, next } = await step(position);
        expect(created).toBe(false);
        for (const { id } of deliveries) seen.add(id);
        position = next;
      }
      expect(seen.size).toBe(count);
      expect(await store.unfinishedEvents()).toEqual([]);
    });

    it('counts an event as one without deliveries only once it is finished without any', async () => {
      const publishTo = async (id: string, wanted?: string) => {
        for (let next: number | undefined = 0; next !== undefined;) {
          const found = await store.publish(
            event(id, { createdAtMs: 5 }),
            ({ id: endpointId }) =>
              endpointId === wanted
                ? delivery(`dlv_${id}`, id, {
                    endpointId,
                    status: 'succeeded',
                    dueAtMs: null,
                    createdAtMs: 9,
                  })
                : undefined,
            next,
          );
          next = found.next;
        }
      };
      // What is under way is neither counted nor forgotten, however old.
      await store.publish(event('evt_unfinished'), () => undefined);
      await publishTo('evt_late', `wh_${count - 1}`);
      await publishTo('evt_none');
      expect(await prune(store, { deliveries: 1 })).toBe(0);
      await publishTo('evt_none_2');
      expect(await prune(store, { deliveries: 1 })).toBe(1);
      expect(await store.getDelivery('dlv_evt_late')).toBeDefined();
      expect(await prune(store, { endedBeforeMs: 6 })).toBe(1);
      expect((await store.unfinishedEvents()).map(({ id }) => id)).toEqual(['evt_unfinished']);
      expect(await prune(store, { endedBeforeMs: 10 })).toBe(1);
      // All of it was subtracted: the next two count as two.
      await publishTo('evt_none_3');
      await publishTo('evt_none_4');
      expect(await prune(store, { deliveries: 1 })).toBe(1);
    });

    it('goes on where it stopped, for the endpoints of then, and forgets nothing meanwhile', async () => {
      const first = await step();
      expect(await store.unfinishedEvents()).toEqual([event('evt_1')]);
      // All that was made has ended and is forgotten, and there are new endpoints.
      await store.settle(first.deliveries.map(({ id }) => ({ deliveryId: id, change: ended })));
      await prune(store, { endedBeforeMs: 1e9 });
      await store.insertEndpoint(endpoint('wh_new'));
      await store.deleteEndpoint(`wh_${count - 1}`, ended);
      const made: string[] = [];
      for (let { next } = await step(); next !== undefined;) {
        const found = await step(next);
        made.push(...found.deliveries.map(({ endpointId }) => endpointId));
        next = found.next;
      }
      expect(made).toHaveLength(count - maxEndpointsPerStep - 1);
      expect(made).not.toContain('wh_0');
      expect(made).not.toContain(`wh_${count - 1}`);
      expect(made).not.toContain('wh_new');
      expect(await store.unfinishedEvents()).toEqual([]);
    });
  });

  it('keeps retries in a lane of their own', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await publish('1');
    await publish('2', { attempts: 1 });
    expect((await ask({ lane: 'retry' })).claims.map((each) => each.delivery.id)).toEqual(['dlv_2_wh_1']);
    expect((await ask()).claims.map((each) => each.delivery.id)).toEqual(['dlv_1_wh_1']);
  });

  it('holds many in several steps, and says that it processed them', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    for (let each = 0; each < 1_200; each += 1) await publish(String(each));
    await store.updateEndpoint('wh_1', (each) => ({ ...each, status: 'disabled' }));
    const moves: number[] = [];
    do moves.push((await ask()).processed);
    while (moves.at(-1) !== 0);
    expect(moves.reduce((sum, each) => sum + each)).toBe(1_200);
    expect(Math.max(...moves)).toBeLessThan(600);
    const release: Transition = ({ delivery: row }) => ({
      delivery: { ...row, status: 'scheduled', dueAtMs: 3 },
    });
    const some = { endpointId: 'wh_1', statuses: ['held'] as const, limit: 1_000, change: release };
    expect(await store.changeWaiting(some)).toBe(1_000);
    expect(await store.changeWaiting(some)).toBe(200);
    expect(await store.nextAlarmMs(0)).toBe(3);
  });

  it('ends leases that have passed, and no others', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await publish('1');
    await ask();
    expect(await store.nextAlarmMs(0)).toBe(99);
    expect(await store.expire(98, ended)).toBe(0);
    expect(await store.expire(99, ended)).toBe(1);
    expect(await store.nextAlarmMs(0)).toBeUndefined();
  });

  it('lets a deleted endpoint take with it what waits, and nothing else', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await store.insertEndpoint(endpoint('wh_2'));
    await publish('1');
    await publish('held', { status: 'held', dueAtMs: null });
    await publish('retry', { attempts: 2 });
    await publish('over', { status: 'failed', dueAtMs: null });
    const cancel: Transition = ({ delivery: row }) => ({
      delivery: { ...row, status: 'cancelled', dueAtMs: null },
    });
    expect(await store.deleteEndpoint('wh_1', cancel)).toBe(true);
    const statuses = async (endpointId: string) =>
      (await store.listDeliveries({ endpointId, limit: 10 })).items.map(({ status }) => status).sort();
    expect(await statuses('wh_1')).toEqual(['cancelled', 'cancelled', 'cancelled', 'failed']);
    expect(await statuses('wh_2')).toEqual(['failed', 'held', 'scheduled', 'scheduled']);
    expect((await ask()).claims.map((each) => each.delivery.endpointId)).toEqual(['wh_2']);
  });

  it('pages newest first, also when what the cursor stands on is gone', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    for (const id of ['a', 'b', 'c', 'd']) await publish(id, { status: 'failed', dueAtMs: null });
    const first = await store.listDeliveries({ limit: 2 });
    expect(first.items.map(({ eventId }) => eventId)).toEqual(['evt_d', 'evt_c']);
    await prune(store, { deliveries: 1 });
    await publish('e');
    const rest = await store.listDeliveries({ limit: 2, cursor: first.nextCursor });
    expect(rest).toEqual({ items: [], nextCursor: undefined });
    expect((await store.listDeliveries({ limit: 9, eventType: 'x' })).items).toEqual([]);
    expect((await store.listDeliveries({ limit: 9, status: 'failed' })).items).toHaveLength(1);
    expect((await store.listEndpoints({ limit: 9, accountId: 'acc_1' })).items).toEqual([]);
  });

  it('takes no delivery of an event that is not there', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    expect(await store.insertDelivery({ delivery: delivery('dlv_1', 'evt_1', { kind: 'manual' }) })).toBe(
      false,
    );
    expect(await store.getDelivery('dlv_1')).toBeUndefined();
    expect((await ask()).processed).toBe(0);
  });

  it('keeps ids of accounts apart', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    const made = (accountId: string) =>
      store.publish(event('evt_1', { accountId }), () =>
        delivery(`dlv_${accountId}`, 'evt_1', { accountId }),
      );
    expect((await made('acc_1')).created).toBe(true);
    expect((await made('acc_2')).created).toBe(true);
    expect((await made('acc_1')).deliveries.map(({ id }) => id)).toEqual(['dlv_acc_1']);
    expect((await store.getDelivery('dlv_acc_2'))?.event.accountId).toBe('acc_2');
  });

  it('tells of the next alarm, past what waits for room', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await store.insertEndpoint(endpoint('wh_2'));
    const due = (id: string, endpointId: string, dueAtMs: number) =>
      store.publish(event(`evt_${id}`), (at) =>
        at.id === endpointId ? delivery(`dlv_${id}`, `evt_${id}`, { endpointId, dueAtMs }) : undefined,
      );
    await due('overdue', 'wh_1', 5);
    await due('later', 'wh_2', 20);
    await due('latest', 'wh_2', 30);
    expect(await store.nextAlarmMs(0)).toBe(5);
    expect(await store.nextAlarmMs(10)).toBe(20);
    expect(await store.nextAlarmMs(20)).toBeUndefined();
  });

  it('forgets what is too old or too much, oldest first, with all that belongs to it', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    for (const id of ['a', 'b', 'c', 'd']) await publish(id, { createdAtMs: id.charCodeAt(0) });
    await ask({ capacityOf: () => 3 });
    for (const id of ['a', 'b', 'c']) await store.settle([{ deliveryId: `dlv_${id}_wh_1`, change: ended }]);
    await store.publish(event('evt_unheard', { createdAtMs: 2 }), () => undefined);
    expect(await prune(store, { deliveries: 3 })).toBe(0);
    expect(await prune(store, { deliveries: 2 })).toBe(1);
    expect(await store.getDelivery('dlv_a_wh_1')).toBeUndefined();
    // The event went with its only delivery, so its id is free again.
    expect((await publish('a')).created).toBe(true);
    expect(await prune(store, { endedBeforeMs: 98.5 })).toBe(2);
    expect((await store.publish(event('evt_unheard'), () => undefined)).created).toBe(true);
    expect(await store.getDelivery('dlv_c_wh_1')).toBeDefined();
    expect(await prune(store, { endedBeforeMs: 1e9 })).toBe(2);
    // What waits is never forgotten.
    expect((await store.getDelivery('dlv_d_wh_1'))?.delivery.status).toBe('scheduled');
  });

  describe('an idempotency key', () => {
    const call: IdempotencyRecord = {
      accountId: 'acc_1',
      key: 'k',
      fingerprint: 'f',
      resourceId: 'first',
      begunAtMs: 100,
      isAbandoned: false,
      response: null,
    };
    const expiry = { beforeMs: 0, abandonedMs: 0, limit: 9 };
    const answer = { status: 201, body: '{}' };
    const second = { ...call, resourceId: 'second', begunAtMs: 200 };

    it('is claimed by one of two calls that arrive together, and by another account as well', async () => {
      const claims = await Promise.all([
        store.claimIdempotencyKey(call, expiry),
        store.claimIdempotencyKey(call, expiry),
      ]);
      expect(claims).toEqual([
        { status: 'claimed', record: call },
        { status: 'taken', record: call },
      ]);
      expect((await store.claimIdempotencyKey({ ...call, accountId: 'acc_2' }, expiry)).status).toBe(
        'claimed',
      );
    });

    it('gives its answer until it expires, and is free after that', async () => {
      await store.claimIdempotencyKey(call, expiry);
      await store.storeResponse({ ...call, begunAtMs: 99 }, 'released');
      await store.storeResponse(call, answer);
      expect(await store.claimIdempotencyKey(second, { ...expiry, beforeMs: 100, abandonedMs: 101 })).toEqual(
        {
          status: 'taken',
          record: { ...call, response: answer },
        },
      );
      expect(await store.claimIdempotencyKey(second, { ...expiry, beforeMs: 101 })).toEqual({
        status: 'claimed',
        record: second,
      });
    });

    it('is free once released', async () => {
      await store.claimIdempotencyKey(call, expiry);
      await store.storeResponse(call, 'released');
      expect(await store.claimIdempotencyKey(second, expiry)).toEqual({ status: 'claimed', record: second });
    });

    it('keeps its resource for the same call after it was abandoned, and rejects another call', async () => {
      const abandon = [
        (key: string) => store.storeResponse({ ...call, key }, 'abandoned').then(() => expiry),
        () => ({ ...expiry, abandonedMs: 101 }),
      ];
      for (const [index, each] of abandon.entries()) {
        const key = `k${index}`;
        await store.claimIdempotencyKey({ ...call, key }, expiry);
        const after = await each(key);
        const other = await store.claimIdempotencyKey({ ...second, key, fingerprint: 'other' }, after);
        expect(other.status).toBe('taken');
        const retry = await store.claimIdempotencyKey({ ...second, key }, after);
        expect(retry).toEqual({ status: 'claimed', record: { ...second, key, resourceId: 'first' } });
        expect((await store.claimIdempotencyKey({ ...second, key }, expiry)).status).toBe('taken');
      }
    });

    it('is refused beyond the limit of its account, until older ones are forgotten', async () => {
      const claim = async (key: string, accountId = 'acc_1') =>
        (await store.claimIdempotencyKey({ ...call, key, accountId }, { ...expiry, limit: 2 })).status;
      expect([await claim('a'), await claim('b'), await claim('c'), await claim('c', 'acc_2')]).toEqual([
        'claimed',
        'claimed',
        'full',
        'claimed',
      ]);
      expect(await claim('a')).toBe('taken');
      expect(await prune(store, { keysBeforeMs: 100 })).toBe(0);
      expect(await prune(store, { keysBeforeMs: 101, limit: 1 })).toBe(3);
      expect(await claim('c')).toBe('claimed');
    });
  });

  it('gives what an event made, though places are given again', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await store.insertEndpoint(endpoint('wh_2'));
    await publish('a');
    await store.settle([{ deliveryId: 'dlv_a_wh_2', change: ended }]);
    expect(await prune(store, { deliveries: 0 })).toBe(1);
    await publish('b');
    expect((await publish('a')).deliveries.map(({ id }) => id)).toEqual(['dlv_a_wh_1']);
  });

  describe('with one event id in two accounts', () => {
    const body = (accountId: string) => new TextEncoder().encode(accountId);
    const publishIn = (accountId: string, more: Partial<DeliveryRecord> = {}) =>
      store.publish(event('evt_1', { accountId, body: body(accountId) }), ({ id: endpointId }) =>
        delivery(`dlv_${accountId}`, 'evt_1', { accountId, endpointId, ...more }),
      );
    const bodyOf = async (id: string) => (await store.getDelivery(id))?.event.body;
    beforeEach(() => store.insertEndpoint(endpoint('wh_1')));

    it('forgets an ended delivery without the event of the other account, which is being delivered', async () => {
      await publishIn('acc_1', { status: 'succeeded', dueAtMs: null });
      await publishIn('acc_2');
      expect(await prune(store, { endedBeforeMs: 1e9 })).toBe(1);
      expect(await store.getDelivery('dlv_acc_1')).toBeUndefined();
      expect((await ask()).claims.map((each) => each.event.body)).toEqual([body('acc_2')]);
      expect((await publishIn('acc_2')).created).toBe(false);
      expect((await publishIn('acc_1')).created).toBe(true);
    });

    it('forgets an event without deliveries, and not that of the other account', async () => {
      await store.publish(event('evt_1', { accountId: 'acc_1' }), () => undefined);
      await publishIn('acc_2');
      expect(await prune(store, { endedBeforeMs: 1e9 })).toBe(1);
      expect((await ask()).claims.map((each) => each.event.body)).toEqual([body('acc_2')]);
      expect((await publishIn('acc_1')).created).toBe(true);
    });

    it('counts a manual delivery for its own account only', async () => {
      await publishIn('acc_1', { status: 'succeeded', dueAtMs: null });
      await publishIn('acc_2', { status: 'succeeded', dueAtMs: null });
      const manual = delivery('dlv_manual', 'evt_1', { accountId: 'acc_2', kind: 'manual' });
      expect(await store.insertDelivery({ delivery: manual })).toBe(true);
      expect(await prune(store, { endedBeforeMs: 1e9 })).toBe(2);
      expect(await bodyOf('dlv_manual')).toEqual(body('acc_2'));
      expect((await publishIn('acc_1')).created).toBe(true);
      expect(
        await store.insertDelivery({
          delivery: delivery('dlv_none', 'evt_1', { accountId: 'acc_3', kind: 'manual' }),
        }),
      ).toBe(false);
    });

    it('gives each delivery the event of its account', async () => {
      await publishIn('acc_1');
      await publishIn('acc_2');
      expect([await bodyOf('dlv_acc_1'), await bodyOf('dlv_acc_2')]).toEqual([body('acc_1'), body('acc_2')]);
      const claimed = (await ask()).claims.map(({ delivery: row, event: { body: sent } }) => [row.id, sent]);
      expect(claimed).toEqual([
        ['dlv_acc_1', body('acc_1')],
        ['dlv_acc_2', body('acc_2')],
      ]);
    });

    it('keeps an idempotency key of one account when the other answers or releases its own', async () => {
      const [one, other] = [keyOf('acc_1', 'k'), keyOf('acc_2', 'k')];
      for (const record of [one, other])
        expect(await store.claimIdempotencyKey(record, keyExpiry)).toEqual({ status: 'claimed', record });
      await store.storeResponse(one, { status: 201, body: '1' });
      expect(await store.claimIdempotencyKey(other, keyExpiry)).toEqual({ status: 'taken', record: other });
      await store.storeResponse(one, 'released');
      expect(await store.claimIdempotencyKey(other, keyExpiry)).toEqual({ status: 'taken', record: other });
    });
  });

  // UTF-8 has no lone surrogates and makes one character of all of them; a backslash is what escapes them.
  describe.each([
    ['lone surrogates', 'a\ud800', 'a\ud801'],
    ['a lone surrogate and the character that replaces it', 'a\ud800', 'a\ufffd'],
    ['NUL and what follows it', 'a\0b', 'a\0c'],
    ['NUL at the end', 'a\0', 'a'],
    ['an escape and what it stands for', 'a\\d800', 'a\ud800'],
    ['a backslash and NUL', 'a\\0000', 'a\0'],
  ])('with texts that differ in %s', (_, one, other) => {
    it('has two events, and gives them back as they were sent', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      const made = async (id: string, accountId: string) => {
        const row = delivery(`dlv_${id}_${accountId}`, id, { accountId });
        const published = await store.publish(event(id, { accountId }), () => row);
        expect(published).toEqual({ created: true, deliveries: [row] });
        expect(await store.publish(event(id, { accountId }), () => row)).toEqual({
          created: false,
          deliveries: [row],
        });
        expect((await store.getDelivery(row.id))?.event).toEqual(event(id, { accountId }));
      };
      await made(one, 'acc_1');
      await made(other, 'acc_1');
      await made('evt', one);
      await made('evt', other);
      expect((await ask()).claims.map(({ event: { id, accountId } }) => [id, accountId])).toEqual([
        [one, 'acc_1'],
        [other, 'acc_1'],
        ['evt', one],
        ['evt', other],
      ]);
      await store.settle([{ deliveryId: `dlv_${one}_acc_1`, change: ended }]);
      expect(await prune(store, { endedBeforeMs: 1e9 })).toBe(1);
      expect((await store.getDelivery(`dlv_${other}_acc_1`))?.event.id).toBe(other);
    });

    it('has two endpoints, and each gets the events of its account', async () => {
      for (const text of [one, other]) await store.insertEndpoint(endpoint(text, { accountId: text }));
      const published = await store.publish(event('evt_1', { accountId: one }), ({ id }) =>
        delivery('dlv_1', 'evt_1', { endpointId: id, accountId: one }),
      );
      expect(published.deliveries.map(({ endpointId }) => endpointId)).toEqual([one]);
      expect((await store.listEndpoints({ accountId: other, limit: 9 })).items.map(({ id }) => id)).toEqual([
        other,
      ]);
      expect((await store.listDeliveries({ endpointId: other, limit: 9 })).items).toEqual([]);
      expect((await ask()).claims.map(({ endpoint: { id } }) => id)).toEqual([one]);
      expect(await store.deleteEndpoint(one, ended)).toBe(true);
      expect((await store.getEndpoint(other))?.accountId).toBe(other);
    });

    it('has two event types and two idempotency keys', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      for (const type of [one, other])
        await store.publish(event(`evt_${type}`, { type }), () =>
          delivery(`dlv_${type}`, `evt_${type}`, { eventType: type }),
        );
      const found = await store.listDeliveries({ eventType: one, limit: 9 });
      expect(found.items.map(({ eventType }) => eventType)).toEqual([one]);
      const calls = [keyOf(one, 'k'), keyOf(other, 'k'), keyOf('acc_1', one), keyOf('acc_1', other)];
      for (const record of calls)
        expect(await store.claimIdempotencyKey(record, keyExpiry)).toEqual({ status: 'claimed', record });
      for (const record of calls)
        expect(await store.claimIdempotencyKey(record, keyExpiry)).toEqual({ status: 'taken', record });
      const [first] = calls;
      if (first) await store.storeResponse(first, 'abandoned');
      expect((await store.claimIdempotencyKey(keyOf(other, 'k'), keyExpiry)).status).toBe('taken');
      expect((await store.claimIdempotencyKey(keyOf(one, 'k'), keyExpiry)).status).toBe('claimed');
      expect((await store.claimIdempotencyKey(keyOf(one, 'k2'), { ...keyExpiry, limit: 1 })).status).toBe(
        'full',
      );
      expect(await prune(store, { keysBeforeMs: 101 })).toBe(4);
    });

    it('counts and forgets what each account has', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      const add = async (accountId: string, id: string, more: Partial<DeliveryRecord>) => {
        const made = delivery(`dlv_${accountId}_${id}`, id, { accountId, dueAtMs: null, ...more });
        await store.publish(event(id, { accountId }), () => made);
        return made.id;
      };
      for (const status of ['succeeded', 'held'] as const) {
        const kept = [];
        await add(one, `${status}_0`, { status, createdAtMs: 0 });
        for (const accountId of [one, other]) {
          await add(accountId, `${status}_1`, { status, createdAtMs: 1 });
          kept.push(await add(accountId, `${status}_2`, { status, createdAtMs: 2 }));
        }
        const { nowMs } = rule();
        const expireHeld: PruneRule['expireHeld'] = (at, dueAtMs) => ({
          endpoint: at,
          isDropped: dueAtMs <= nowMs,
        });
        expect(await prune(store, { deliveries: 1, expireHeld })).toBe(3);
        for (const id of kept) expect(await store.getDelivery(id)).toBeDefined();
      }
      for (const accountId of [one, one, other])
        await store.publish(event(`unheard_${Math.random()}`, { accountId }), () => undefined);
      expect(await prune(store, { deliveries: 1 })).toBe(1);
    });

    it('decides on what is held for each endpoint, and counts it', async () => {
      for (const text of [one, other]) {
        await store.insertEndpoint(endpoint(text, { accountId: text, status: 'disabled' }));
        await store.publish(event('evt_1', { accountId: text }), ({ id: endpointId }) =>
          delivery(`dlv_${text}`, 'evt_1', { accountId: text, endpointId, status: 'held', dueAtMs: null }),
        );
      }
      const seen: string[] = [];
      const expireHeld: PruneRule['expireHeld'] = (at) => {
        seen.push(at.id);
        return { endpoint: { ...at, heldNotificationPending: at.id === one }, isDropped: at.id === other };
      };
      await prune(store, { heldMs: 1, expireHeld });
      expect(new Set(seen)).toEqual(new Set([one, other]));
      expect(await store.getDelivery(`dlv_${other}`)).toBeUndefined();
      const notices = await store.pendingHeldNotifications();
      expect(notices.map(({ endpoint: { id }, deliveries }) => [id, deliveries])).toEqual([[one, 1]]);
    });

    it('gives each account its turn and its places, and the endpoints of each theirs', async () => {
      for (const text of [one, other]) {
        await store.insertEndpoint(endpoint(text, { accountId: text }));
        for (const id of ['1', '2'])
          await store.publish(event(id, { accountId: text }), ({ id: endpointId }) =>
            delivery(`dlv_${text}_${id}`, id, { accountId: text, endpointId }),
          );
      }
      const accounts = new Set<string>();
      const accountCapacityOf = (id: string) => {
        accounts.add(id);
        return id === one ? 1 : 0;
      };
      const claimed = async (more: object) =>
        (await ask(more)).claims.map(({ endpoint: { id }, event: { accountId } }) => [id, accountId]);
      expect(await claimed({ accountCapacityOf })).toEqual([[one, one]]);
      expect(accounts).toEqual(new Set([one, other]));
      const capacityOf = (id: string) => (id === other ? 1 : 0);
      expect(await claimed({ capacityOf })).toEqual([[other, other]]);
      expect((await claimed({})).map(([id]) => id).sort()).toEqual([one, other].sort());
      expect(await claimed({})).toEqual([]);
    });

    it('goes on with the steps of the event of each account', async () => {
      const count = maxEndpointsPerStep + 1;
      for (const accountId of [one, other])
        for (let each = 0; each < count; each += 1)
          await store.insertEndpoint(endpoint(`${accountId}_${each}`, { accountId }));
      const step = (id: string, accountId: string, position?: number) =>
        store.publish(
          event(id, { accountId }),
          ({ id: endpointId }) =>
            delivery(`dlv_${accountId}_${id}_${endpointId}`, id, { accountId, endpointId }),
          position,
        );
      const keys = [
        [one, one],
        [other, one],
        [one, other],
      ] as const;
      const next: (number | undefined)[] = [];
      for (const [id, accountId] of keys) next.push((await step(id, accountId)).next);
      const unfinished = await store.unfinishedEvents();
      expect(new Set(unfinished.map(({ id, accountId }) => `${id} ${accountId}`))).toEqual(
        new Set(keys.map(([id, accountId]) => `${id} ${accountId}`)),
      );
      for (const [index, [id, accountId]] of keys.entries()) {
        const last = await step(id, accountId, next[index]);
        expect(last.created).toBe(true);
        expect(last.deliveries.map(({ endpointId }) => endpointId)).toEqual([`${accountId}_${count - 1}`]);
        const again = await step(id, accountId);
        expect([again.created, again.deliveries.length > 0]).toEqual([false, true]);
      }
      expect(await store.unfinishedEvents()).toEqual([]);
    });

    it('has a number of endpoints for each account', async () => {
      const insert = (id: string, accountId: string) => store.insertEndpoint(endpoint(id, { accountId }), 1);
      expect([await insert('wh_1', one), await insert('wh_2', other)]).toEqual([true, true]);
      expect([await insert('wh_3', one), await insert('wh_4', other)]).toEqual([false, false]);
    });
  });

  it('undoes work that throws, and only that', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    const wrong = store.publish(event('evt_wrong'), () => {
      throw new Error('no delivery');
    });
    const right = publish('right');
    await expect(wrong).rejects.toThrow('no delivery');
    expect((await right).created).toBe(true);
    expect((await publish('wrong')).created).toBe(true);
  });
});

it('the SQLite store searches a bounded number of rows for a page, and goes on with the next', async () => {
  const store = createSqliteStore({ path: ':memory:' });
  await store.insertEndpoint(endpoint('wh_1'));
  const publishing = Array.from({ length: 12_000 }, (_, each) =>
    store.publish(event(`evt_${each}`, { type: each === 0 ? 'rare' : 'common' }), () =>
      delivery(`dlv_${each}`, `evt_${each}`, { eventType: each === 0 ? 'rare' : 'common' }),
    ),
  );
  await Promise.all(publishing);
  const sizes: number[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.listDeliveries({ endpointId: 'wh_1', eventType: 'rare', limit: 10, cursor });
    sizes.push(page.items.length);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(sizes).toEqual([0, 0, 1]);
  await store.close();
});

describe('the SQLite store, after a transaction was undone', () => {
  let store: SenderStore;
  beforeEach(async () => {
    store = createSqliteStore({ path: ':memory:' });
    await store.insertEndpoint(endpoint('wh_1'));
    for (const id of ['1', '2']) {
      const made = delivery(`dlv_${id}`, `evt_${id}`, { dueAtMs: Number(id) });
      await store.publish(event(`evt_${id}`), () => made);
    }
  });
  afterEach(() => store.close());

  it('knows nothing of attempts that were not begun', async () => {
    let begun = 0;
    const request = {
      lane: 'first',
      nowMs: 10,
      limit: 9,
      accountCapacityOf: () => 9,
      capacityOf: () => 9,
    } as const;
    const failing: Transition = (rows) => {
      if (++begun % 2 === 0) throw new Error('on the second');
      return begin(rows);
    };
    await expect(store.claim({ ...request, begin: failing })).rejects.toThrow('on the second');
    const seen: string[] = [];
    await store.settle([
      {
        deliveryId: 'dlv_1',
        change: ({ delivery: row }) => {
          seen.push(row.status);
          return undefined;
        },
      },
    ]);
    expect(seen).toEqual(['scheduled']);
    expect((await store.claim({ ...request, begin })).claims).toHaveLength(2);
  });

  it('knows endpoints as they were', async () => {
    const disabling: Transition = ({ delivery: row, endpoint: at }) => ({
      delivery: row,
      endpoint: at && { ...at, status: 'disabled' },
    });
    const failing: Transition = () => {
      throw new Error('no');
    };
    const both = [
      { deliveryId: 'dlv_1', change: disabling },
      { deliveryId: 'dlv_2', change: failing },
    ];
    await expect(store.settle(both)).rejects.toThrow('no');
    expect((await store.getEndpoint('wh_1'))?.status).toBe('enabled');
  });
});

/** Whether this process may mount a file system of its own: in containers and in CI it often may not. */
const canMount =
  spawnSync('sh', [
    '-c',
    'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d"; r=$?; rmdir "$d"; exit $r',
  ]).status === 0;

describe('the file of the SQLite store', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hostwares-store-'));
    path = join(folder, 'webhooks.db');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('keeps what was resolved', async () => {
    const first = createSqliteStore({ path });
    await first.insertEndpoint(endpoint('wh_1'));
    await first.publish(event('evt_1'), () => delivery('dlv_1', 'evt_1'));
    // Not awaited: closing commits it.
    const last = first.updateEndpoint('wh_1', (each) => ({ ...each, url: 'https://example.com/new' }));
    await first.close();
    await last;
    await first.close();
    await expect(first.updateEndpoint('wh_1', (each) => each)).rejects.toThrow(
      'The store is closed. Stop the sender before you close its store.',
    );

    const second = createSqliteStore({ path, synchronous: 'normal' });
    expect((await second.getEndpoint('wh_1'))?.url).toBe('https://example.com/new');
    expect(await second.nextAlarmMs(0)).toBe(10);
    await second.close();
  });

  it('belongs to one process', async () => {
    const first = createSqliteStore({ path });
    expect(() => createSqliteStore({ path })).toThrow(/is in use by another process/);
    expect(() => new DatabaseSync(path).prepare('SELECT * FROM endpoints').all()).toThrow(/locked/);
    await first.close();
    await createSqliteStore({ path }).close();
  });

  it('is refused if it is of something else, or of a later version', () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE mine (a)');
    other.close();
    expect(() => createSqliteStore({ path })).toThrow(/is the database of another program/);

    const later = new DatabaseSync(`${path}2`);
    later.exec('PRAGMA user_version = 99');
    later.close();
    expect(() => createSqliteStore({ path: `${path}2` })).toThrow(/has version 99 .* Update the package/);

    writeFileSync(`${path}3`, 'not a database, but a text that is longer than a header of SQLite would be');
    expect(() => createSqliteStore({ path: `${path}3` })).toThrow(/not a database/);
    expect(() => createSqliteStore({ path, synchronous: 'off' as 'full' })).toThrow(TypeError);
  });

  /** What a process that is killed leaves behind, copied while the store is open. */
  async function filesOfKilled(): Promise<string> {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    const killed = `${path}-killed`;
    copyFileSync(path, killed);
    copyFileSync(`${path}-wal`, `${killed}-wal`);
    await store.close();
    return killed;
  }

  it('rejects a write instead of losing it if the file or its WAL was deleted or replaced', async () => {
    for (const [file, act, done] of [
      ['', 'delete', 'deleted'],
      ['-wal', 'delete', 'deleted'],
      ['', 'replace', 'replaced'],
      ['-wal', 'replace', 'replaced'],
    ] as const) {
      const own = `${path}-${done}${file}.db`;
      const store = createSqliteStore({ path: own });
      await store.insertEndpoint(endpoint('wh_1'));
      rmSync(own + file);
      if (act === 'replace') writeFileSync(own + file, '');
      const message = `${own}${file} was ${done} while the store had it open`;
      // Two at once: neither may hide the error of the other.
      const writes = ['wh_2', 'wh_3'].map((id) => store.insertEndpoint(endpoint(id)));
      await Promise.allSettled(writes);
      for (const write of writes) await expect(write).rejects.toThrow(message);
      await expect(store.insertEndpoint(endpoint('wh_4'))).rejects.toThrow(message);
      await expect(store.getEndpoint('wh_1')).rejects.toThrow(message);
      await store.close();
    }
  });

  it('notices a lost file within a second if nothing is written', async () => {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    rmSync(path);
    expect(await store.getEndpoint('wh_1')).toBeDefined();
    const now = vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 1_000);
    await expect(store.nextAlarmMs(0)).rejects.toThrow(/was deleted while the store had it open/);
    now.mockRestore();
    await store.close();
  });

  it('keeps what was committed if only the WAL was deleted, once the store is closed', async () => {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    rmSync(`${path}-wal`);
    await store.close();
    const next = createSqliteStore({ path });
    expect(await next.getEndpoint('wh_1')).toBeDefined();
    await next.close();
  });

  it('opens after a kill, and refuses if the WAL of then is missing', async () => {
    const killed = await filesOfKilled();
    const wal = readFileSync(`${killed}-wal`);
    rmSync(`${killed}-wal`);
    const open = () => createSqliteStore({ path: killed });
    const message = `${killed}-wal is missing, though the last process did not close the store`;
    expect(open).toThrow(message);
    expect(open).toThrow(message);
    writeFileSync(`${killed}-wal`, wal);
    const store = createSqliteStore({ path: killed });
    expect(await store.getEndpoint('wh_1')).toBeDefined();
    await store.close();
    // After a clean end there is none, as it should be.
    expect(existsSync(`${killed}-wal`)).toBe(false);
    await createSqliteStore({ path: killed }).close();
  });

  it('goes on without the lost commits if an empty WAL says that they are given up', async () => {
    const killed = await filesOfKilled();
    writeFileSync(`${killed}-wal`, '');
    const store = createSqliteStore({ path: killed });
    expect(await store.getEndpoint('wh_1')).toBeUndefined();
    await store.close();
  });

  it('is named in errors, with the likely cause', async () => {
    const nowhere = join(folder, 'nowhere', 'x.db');
    expect(() => createSqliteStore({ path: nowhere })).toThrow(`${nowhere}: it or its folder does not exist`);
    expect(() => createSqliteStore({ path: folder })).toThrow(
      `${folder}: it or its folder does not exist, it is not a file`,
    );
    writeFileSync(path, 'x'.repeat(8_192));
    expect(() => createSqliteStore({ path })).toThrow(`${path}: it is not a database.`);
  });

  it('is not named in errors that it has nothing to do with', async () => {
    const store = createSqliteStore({ path });
    await store.insertEndpoint(endpoint('wh_1'));
    await expect(store.insertEndpoint(endpoint('wh_1'))).rejects.toThrow(/^UNIQUE constraint failed/);
    await store.close();
  });

  it.skipIf(!canMount)('says that the file system is read-only, or the disk full', async () => {
    const mount = join(folder, 'mounted');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', mount]);
    try {
      const mounted = join(mount, 'x.db');
      const store = createSqliteStore({ path: mounted });
      const filling = async () => {
        for (let each = 0; each < 50; each += 1)
          await store.insertEndpoint(endpoint(`wh_${each}`, { url: 'x'.repeat(50_000) }));
      };
      await expect(filling()).rejects.toThrow(`${mounted}: the disk is full.`);
      expect(await store.getEndpoint('wh_0')).toBeDefined();
      await store.close();
      execFileSync('mount', ['-o', 'remount,ro', mount]);
      expect(() => createSqliteStore({ path: mounted })).toThrow(
        `${mounted}: its file system is mounted read-only.`,
      );
    } finally {
      execFileSync('umount', [mount]);
    }
  });
});
