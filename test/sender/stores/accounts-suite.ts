import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryRecord } from '../../../src/sender/records.js';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { claimDue, idempotencyRecord, keyExpiry, pruneAll } from './fixtures.js';

/** Tests that two accounts can use the same event ids and idempotency keys. */
export function describeAccounts(open: () => SenderStore): void {
  describe('one event id in two accounts', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    const body = (accountId: string) => new TextEncoder().encode(accountId);
    const publishIn = (accountId: string, more: Partial<DeliveryRecord> = {}) =>
      store.publish(event('evt_1', { accountId, body: body(accountId) }), ({ id: endpointId }) =>
        delivery(`dlv_${accountId}`, 'evt_1', { accountId, endpointId, ...more }),
      );
    const bodyOf = async (id: string) => (await store.getDelivery(id))?.event.body;
    beforeEach(() => store.insertEndpoint(endpoint('wh_1')));

    it('is forgotten with an ended delivery of one account, and kept for the other', async () => {
      await publishIn('acc_1', { status: 'succeeded', dueAtMs: null });
      await publishIn('acc_2');
      expect(await pruneAll(store, { endedBeforeMs: 1e9 })).toBe(1);
      expect(await store.getDelivery('dlv_acc_1')).toBeUndefined();
      expect((await claimDue(store)).claims.map((each) => each.event.body)).toEqual([body('acc_2')]);
      expect((await publishIn('acc_2')).created).toBe(false);
      expect((await publishIn('acc_1')).created).toBe(true);
    });

    it('is forgotten without deliveries in one account, and kept for the other', async () => {
      await store.publish(event('evt_1', { accountId: 'acc_1' }), () => undefined);
      await publishIn('acc_2');
      expect(await pruneAll(store, { endedBeforeMs: 1e9 })).toBe(1);
      expect((await claimDue(store)).claims.map((each) => each.event.body)).toEqual([body('acc_2')]);
      expect((await publishIn('acc_1')).created).toBe(true);
    });

    it('has a manual delivery in its own account only', async () => {
      await publishIn('acc_1', { status: 'succeeded', dueAtMs: null });
      await publishIn('acc_2', { status: 'succeeded', dueAtMs: null });
      const manual = delivery('dlv_manual', 'evt_1', { accountId: 'acc_2', kind: 'manual' });
      expect(await store.insertDelivery({ delivery: manual })).toBe(true);
      expect(await pruneAll(store, { endedBeforeMs: 1e9 })).toBe(2);
      expect(await bodyOf('dlv_manual')).toEqual(body('acc_2'));
      expect((await publishIn('acc_1')).created).toBe(true);
      expect(
        await store.insertDelivery({
          delivery: delivery('dlv_none', 'evt_1', { accountId: 'acc_3', kind: 'manual' }),
        }),
      ).toBe(false);
    });

    it('has the body of its own account in each delivery and claim', async () => {
      await publishIn('acc_1');
      await publishIn('acc_2');
      expect([await bodyOf('dlv_acc_1'), await bodyOf('dlv_acc_2')]).toEqual([body('acc_1'), body('acc_2')]);
      const claimed = (await claimDue(store)).claims.map(({ delivery: row, event: { body: sent } }) => [
        row.id,
        sent,
      ]);
      expect(claimed).toEqual([
        ['dlv_acc_1', body('acc_1')],
        ['dlv_acc_2', body('acc_2')],
      ]);
    });

    it('leaves the idempotency key of one account when the other stores a response or releases its own', async () => {
      const [one, other] = [idempotencyRecord('acc_1', 'k'), idempotencyRecord('acc_2', 'k')];
      for (const record of [one, other])
        expect(await store.claimIdempotencyKey(record, keyExpiry)).toEqual({ status: 'claimed', record });
      await store.storeResponse(one, { status: 201, body: '1' });
      expect(await store.claimIdempotencyKey(other, keyExpiry)).toEqual({ status: 'taken', record: other });
      await store.storeResponse(one, 'released');
      expect(await store.claimIdempotencyKey(other, keyExpiry)).toEqual({ status: 'taken', record: other });
    });
  });
}
