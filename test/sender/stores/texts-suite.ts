import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryRecord } from '../../../src/sender/records.js';
import { maxEndpointsPerStep, type PruneRule, type SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { claimDue, idempotencyRecord, keyExpiry, pruneAll, pruneRule, succeed } from './fixtures.js';

/** Tests that a store does not mix up ids that a database might store as the same text. */
export function describeTexts(open: () => SenderStore): void {
  // UTF-8 turns every lone surrogate into the same character, so a store may have to escape them with backslashes.
  describe.each([
    ['lone surrogates', 'a\ud800', 'a\ud801'],
    ['a lone surrogate and the character that replaces it', 'a\ud800', 'a\ufffd'],
    ['the text after a NUL', 'a\0b', 'a\0c'],
    ['a NUL at the end', 'a\0', 'a'],
    ['an escape and the escaped character', 'a\\d800', 'a\ud800'],
    ['a backslash and a NUL', 'a\\0000', 'a\0'],
  ])('two texts that differ in %s', (_, one, other) => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    it('name two events, each returned as it was published', async () => {
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
      expect((await claimDue(store)).claims.map(({ event: { id, accountId } }) => [id, accountId])).toEqual([
        [one, 'acc_1'],
        [other, 'acc_1'],
        ['evt', one],
        ['evt', other],
      ]);
      await store.settle([{ deliveryId: `dlv_${one}_acc_1`, change: succeed }]);
      expect(await pruneAll(store, { endedBeforeMs: 1e9 })).toBe(1);
      expect((await store.getDelivery(`dlv_${other}_acc_1`))?.event.id).toBe(other);
    });

    it('name two endpoints, each with the events of its account', async () => {
      for (const text of [one, other]) await store.insertEndpoint(endpoint(text, { accountId: text }));
      const published = await store.publish(event('evt_1', { accountId: one }), ({ id }) =>
        delivery('dlv_1', 'evt_1', { endpointId: id, accountId: one }),
      );
      expect(published.deliveries.map(({ endpointId }) => endpointId)).toEqual([one]);
      expect((await store.listEndpoints({ accountId: other, limit: 9 })).items.map(({ id }) => id)).toEqual([
        other,
      ]);
      expect((await store.listDeliveries({ endpointId: other, limit: 9 })).items).toEqual([]);
      expect((await claimDue(store)).claims.map(({ endpoint: { id } }) => id)).toEqual([one]);
      expect(await store.deleteEndpoint(one, succeed)).toBe(true);
      expect((await store.getEndpoint(other))?.accountId).toBe(other);
    });

    it('name two event types and two idempotency keys', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      for (const type of [one, other])
        await store.publish(event(`evt_${type}`, { type }), () =>
          delivery(`dlv_${type}`, `evt_${type}`, { eventType: type }),
        );
      const found = await store.listDeliveries({ eventType: one, limit: 9 });
      expect(found.items.map(({ eventType }) => eventType)).toEqual([one]);
      const calls = [
        idempotencyRecord(one, 'k'),
        idempotencyRecord(other, 'k'),
        idempotencyRecord('acc_1', one),
        idempotencyRecord('acc_1', other),
      ];
      for (const record of calls)
        expect(await store.claimIdempotencyKey(record, keyExpiry)).toEqual({ status: 'claimed', record });
      for (const record of calls)
        expect(await store.claimIdempotencyKey(record, keyExpiry)).toEqual({ status: 'taken', record });
      const [first] = calls;
      if (first) await store.storeResponse(first, 'abandoned');
      expect((await store.claimIdempotencyKey(idempotencyRecord(other, 'k'), keyExpiry)).status).toBe(
        'taken',
      );
      expect((await store.claimIdempotencyKey(idempotencyRecord(one, 'k'), keyExpiry)).status).toBe(
        'claimed',
      );
      expect(
        (await store.claimIdempotencyKey(idempotencyRecord(one, 'k2'), { ...keyExpiry, limit: 1 })).status,
      ).toBe('full');
      expect(await pruneAll(store, { keysBeforeMs: 101 })).toBe(4);
    });

    it('name two accounts that are counted and pruned separately', async () => {
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
        const { nowMs } = pruneRule();
        const expireHeld: PruneRule['expireHeld'] = (at, dueAtMs) => ({
          endpoint: at,
          isDropped: dueAtMs <= nowMs,
        });
        expect(await pruneAll(store, { deliveries: 1, expireHeld })).toBe(3);
        for (const id of kept) expect(await store.getDelivery(id)).toBeDefined();
      }
      for (const accountId of [one, one, other])
        await store.publish(event(`unheard_${Math.random()}`, { accountId }), () => undefined);
      expect(await pruneAll(store, { deliveries: 1 })).toBe(1);
    });

    it('name two endpoints whose held deliveries are decided on and counted separately', async () => {
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
      await pruneAll(store, { heldMs: 1, expireHeld });
      expect(new Set(seen)).toEqual(new Set([one, other]));
      expect(await store.getDelivery(`dlv_${other}`)).toBeUndefined();
      const notices = await store.pendingHeldNotifications();
      expect(notices.map(({ endpoint: { id }, deliveries }) => [id, deliveries])).toEqual([[one, 1]]);
    });

    it('name two accounts and two endpoints, each with its own capacity', async () => {
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
        (await claimDue(store, more)).claims.map(({ endpoint: { id }, event: { accountId } }) => [
          id,
          accountId,
        ]);
      expect(await claimed({ accountCapacityOf })).toEqual([[one, one]]);
      expect(accounts).toEqual(new Set([one, other]));
      const capacityOf = (id: string) => (id === other ? 1 : 0);
      expect(await claimed({ capacityOf })).toEqual([[other, other]]);
      expect((await claimed({})).map(([id]) => id).sort()).toEqual([one, other].sort());
      expect(await claimed({})).toEqual([]);
    });

    it('name accounts and events that continue their publishing separately', async () => {
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

    it('name two accounts, each with its own limit of endpoints', async () => {
      const insert = (id: string, accountId: string) => store.insertEndpoint(endpoint(id, { accountId }), 1);
      expect([await insert('wh_1', one), await insert('wh_2', other)]).toEqual([true, true]);
      expect([await insert('wh_3', one), await insert('wh_4', other)]).toEqual([false, false]);
    });
  });
}
