// What every store must do, whatever keeps its rows. The contract and model tests hold the rest.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  maxEndpointsPerStep,
  type AttemptRecord,
  type DeliveryRecord,
  type EndpointRecord,
  type EventRecord,
  type IdempotencyRecord,
  type SenderStore,
  type Transition,
} from '../../src/sender/stores/contract.js';
import { createSqliteStore } from '../../src/sender/stores/sqlite.js';
import { stores } from './stores.js';

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
  noticePending: false,
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
      noticePending: true,
    });
    await store.insertEndpoint(full);
    expect(await store.getEndpoint('wh_1')).toEqual(full);
    expect(await store.pendingNotices()).toEqual([full]);
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

    it('goes on where it stopped, for the endpoints of then, and forgets nothing meanwhile', async () => {
      const first = await step();
      expect(await store.unfinishedEvents()).toEqual([event('evt_1')]);
      // All that was made has ended and is forgotten, and there are new endpoints.
      await store.settle(first.deliveries.map(({ id }) => ({ deliveryId: id, change: ended })));
      while ((await store.prune({ beforeMs: 1e9, keep: 0, limit: 500 })) > 0);
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
    await store.prune({ beforeMs: 0, keep: 0, limit: 3 });
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
    expect(await store.prune({ beforeMs: 0, keep: 3, limit: 10 })).toBe(0);
    expect(await store.prune({ beforeMs: 0, keep: 2, limit: 10 })).toBe(1);
    expect(await store.getDelivery('dlv_a_wh_1')).toBeUndefined();
    // The event went with its only delivery, so its id is free again.
    expect((await publish('a')).created).toBe(true);
    expect(await store.prune({ beforeMs: 98.5, keep: 9, limit: 10 })).toBe(2);
    expect((await store.publish(event('evt_unheard'), () => undefined)).created).toBe(true);
    expect(await store.getDelivery('dlv_c_wh_1')).toBeDefined();
    expect(await store.prune({ beforeMs: 1e9, keep: 0, limit: 10 })).toBe(2);
    // What waits is never forgotten.
    expect((await store.getDelivery('dlv_d_wh_1'))?.delivery.status).toBe('scheduled');
  });

  it('gives a key to one call, and its answer to those that follow', async () => {
    const call: IdempotencyRecord = {
      accountId: 'acc_1',
      key: 'k',
      fingerprint: 'f',
      begunAtMs: 100,
      answer: null,
    };
    const expiry = { beforeMs: 0, abandonedMs: 0 };
    const [mine, other] = await Promise.all([store.takeKey(call, expiry), store.takeKey(call, expiry)]);
    expect([mine, other]).toEqual([undefined, call]);
    expect(await store.takeKey({ ...call, accountId: 'acc_2' }, expiry)).toBeUndefined();
    const answer = { status: 201, body: '{}' };
    await store.answerKey({ ...call, begunAtMs: 99 }, null);
    await store.answerKey(call, answer);
    expect(await store.takeKey(call, { beforeMs: 100, abandonedMs: 101 })).toEqual({ ...call, answer });
    expect(
      await store.takeKey({ ...call, begunAtMs: 200 }, { beforeMs: 101, abandonedMs: 0 }),
    ).toBeUndefined();
    expect(
      await store.takeKey({ ...call, begunAtMs: 300 }, { beforeMs: 0, abandonedMs: 201 }),
    ).toBeUndefined();
    await store.answerKey({ ...call, begunAtMs: 300 }, null);
    expect(await store.takeKey(call, expiry)).toBeUndefined();
  });

  it('gives what an event made, though places are given again', async () => {
    await store.insertEndpoint(endpoint('wh_1'));
    await store.insertEndpoint(endpoint('wh_2'));
    await publish('a');
    await store.settle([{ deliveryId: 'dlv_a_wh_2', change: ended }]);
    expect(await store.prune({ beforeMs: 0, keep: 0, limit: 10 })).toBe(1);
    await publish('b');
    expect((await publish('a')).deliveries.map(({ id }) => id)).toEqual(['dlv_a_wh_1']);
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
      'The store is closed: stop the sender before it.',
    );

    const second = createSqliteStore({ path, synchronous: 'normal' });
    expect((await second.getEndpoint('wh_1'))?.url).toBe('https://example.com/new');
    expect(await second.nextAlarmMs(0)).toBe(10);
    await second.close();
  });

  it('belongs to one process', async () => {
    const first = createSqliteStore({ path });
    expect(() => createSqliteStore({ path })).toThrow(/is in use: one process has the file to itself/);
    expect(() => new DatabaseSync(path).prepare('SELECT * FROM endpoints').all()).toThrow(/locked/);
    await first.close();
    await createSqliteStore({ path }).close();
  });

  it('is refused if it is of something else, or of a later version', () => {
    const other = new DatabaseSync(path);
    other.exec('CREATE TABLE mine (a)');
    other.close();
    expect(() => createSqliteStore({ path })).toThrow(/is the database of something else/);

    const later = new DatabaseSync(`${path}2`);
    later.exec('PRAGMA user_version = 99');
    later.close();
    expect(() => createSqliteStore({ path: `${path}2` })).toThrow(/has version 99 .* update it/);

    writeFileSync(`${path}3`, 'not a database, but a text that is longer than a header of SQLite would be');
    expect(() => createSqliteStore({ path: `${path}3` })).toThrow(/not a database/);
    expect(() => createSqliteStore({ path, synchronous: 'off' as 'full' })).toThrow(TypeError);
  });
});
