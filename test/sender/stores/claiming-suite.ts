import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint } from '../../support/sender-records.js';
import { claimDue, publish } from './fixtures.js';

/** Tests which deliveries a claim returns. */
export function describeClaiming(open: () => SenderStore): void {
  describe('a claim', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    it('returns due deliveries, oldest first, up to the limit and the capacity of each endpoint', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      await store.insertEndpoint(endpoint('wh_2'));
      for (let due = 5; due > 0; due -= 1) await publish(store, String(due), { dueAtMs: due });
      await publish(store, 'later', { dueAtMs: 11 });
      const { claims, processed } = await claimDue(store, {
        capacityOf: (id: string) => (id === 'wh_1' ? 3 : 1),
      });
      expect(claims.map((each) => each.delivery.id).sort()).toEqual(
        ['dlv_1_wh_1', 'dlv_2_wh_1', 'dlv_3_wh_1', 'dlv_1_wh_2'].sort(),
      );
      expect(processed).toBe(4);
      expect((await store.getDelivery('dlv_1_wh_1'))?.attempts).toHaveLength(1);
      expect((await claimDue(store, { limit: 2 })).claims).toHaveLength(2);
      expect((await claimDue(store, { capacityOf: () => 0 })).claims).toHaveLength(0);
      expect((await claimDue(store)).claims).toHaveLength(4);
      expect((await claimDue(store)).claims).toHaveLength(0);
      expect(await store.nextAlarmMs(0)).toBe(11);
    });

    it('reaches an endpoint with capacity behind 250 endpoints without capacity', async () => {
      for (let each = 0; each < 250; each += 1) await store.insertEndpoint(endpoint(`wh_${each}`));
      await publish(store, '1', { dueAtMs: 1 });
      await store.insertEndpoint(endpoint('wh_free'));
      await store.insertDelivery({ delivery: delivery('dlv_free', 'evt_1', { endpointId: 'wh_free' }) });
      const { claims } = await claimDue(store, { capacityOf: (id: string) => (id === 'wh_free' ? 1 : 0) });
      expect(claims.map((each) => each.delivery.id)).toEqual(['dlv_free']);
    });

    it('separates retries from first attempts', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      await publish(store, '1');
      await publish(store, '2', { attempts: 1 });
      expect((await claimDue(store, { lane: 'retry' })).claims.map((each) => each.delivery.id)).toEqual([
        'dlv_2_wh_1',
      ]);
      expect((await claimDue(store)).claims.map((each) => each.delivery.id)).toEqual(['dlv_1_wh_1']);
    });
  });
}
