import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { claimDue, pruneAll, publish, succeed } from './fixtures.js';

/** Tests which rows pruning forgets. */
export function describeRetention(open: () => SenderStore): void {
  describe('pruning', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    it('forgets deliveries that are too old or too many, oldest first, with their events', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      for (const id of ['a', 'b', 'c', 'd']) await publish(store, id, { createdAtMs: id.charCodeAt(0) });
      await claimDue(store, { capacityOf: () => 3 });
      for (const id of ['a', 'b', 'c'])
        await store.settle([{ deliveryId: `dlv_${id}_wh_1`, change: succeed }]);
      await store.publish(event('evt_unheard', { createdAtMs: 2 }), () => undefined);
      expect(await pruneAll(store, { deliveries: 3 })).toBe(0);
      expect(await pruneAll(store, { deliveries: 2 })).toBe(1);
      expect(await store.getDelivery('dlv_a_wh_1')).toBeUndefined();
      // The event was forgotten with its only delivery, so its id is free again.
      expect((await publish(store, 'a')).created).toBe(true);
      expect(await pruneAll(store, { endedBeforeMs: 98.5 })).toBe(2);
      expect((await store.publish(event('evt_unheard'), () => undefined)).created).toBe(true);
      expect(await store.getDelivery('dlv_c_wh_1')).toBeDefined();
      expect(await pruneAll(store, { endedBeforeMs: 1e9 })).toBe(2);
      // A waiting delivery is never forgotten.
      expect((await store.getDelivery('dlv_d_wh_1'))?.delivery.status).toBe('scheduled');
    });

    it('keeps an event without deliveries once a manual delivery of it was inserted', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      await store.publish(event('evt_1'), () => undefined);
      await store.insertDelivery({ delivery: delivery('dlv_1', 'evt_1', { kind: 'manual' }) });
      expect(await pruneAll(store, { endedBeforeMs: 1e9 })).toBe(0);
      expect((await store.getDelivery('dlv_1'))?.event).toEqual(event('evt_1'));
    });
  });
}
