import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { endpoint } from '../../support/sender-records.js';
import { pruneAll, publish } from './fixtures.js';

/** Tests lists and their pages. */
export function describePages(open: () => SenderStore): void {
  describe('pages', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    it('are newest first, even if the delivery at the cursor was forgotten', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      for (const id of ['a', 'b', 'c', 'd']) await publish(store, id, { status: 'failed', dueAtMs: null });
      const first = await store.listDeliveries({ limit: 2 });
      expect(first.items.map(({ eventId }) => eventId)).toEqual(['evt_d', 'evt_c']);
      await pruneAll(store, { deliveries: 1 });
      await publish(store, 'e');
      const rest = await store.listDeliveries({ limit: 2, cursor: first.nextCursor });
      expect(rest).toEqual({ items: [], nextCursor: undefined });
      expect((await store.listDeliveries({ limit: 9, eventType: 'x' })).items).toEqual([]);
      expect((await store.listDeliveries({ limit: 9, status: 'failed' })).items).toHaveLength(1);
      expect((await store.listEndpoints({ limit: 9, accountId: 'acc_1' })).items).toEqual([]);
    });
  });
}
