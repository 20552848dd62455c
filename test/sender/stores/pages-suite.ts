import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeliveryFilter, SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
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

    it('contain the deliveries of one event, redeliveries and all endpoints included', async () => {
      for (const id of ['wh_1', 'wh_2']) await store.insertEndpoint(endpoint(id));
      await publish(store, 'a');
      await publish(store, 'b');
      await store.insertDelivery({ delivery: delivery('dlv_again', 'evt_a', { kind: 'manual' }) });
      const list = async (filter: Partial<DeliveryFilter>) =>
        (await store.listDeliveries({ limit: 9, ...filter })).items.map(({ id }) => id);
      const ofEvent = ['dlv_again', 'dlv_a_wh_2', 'dlv_a_wh_1'];
      expect(await list({ eventId: 'evt_a' })).toEqual(ofEvent);
      expect(await list({ eventId: 'evt_a', endpointId: 'wh_1' })).toEqual(['dlv_again', 'dlv_a_wh_1']);
      expect(await list({ eventId: 'evt_a', status: 'failed' })).toEqual([]);
      expect(await list({ eventId: 'evt' })).toEqual([]);
      const first = await store.listDeliveries({ eventId: 'evt_a', limit: 2 });
      expect(await list({ eventId: 'evt_a', cursor: first.nextCursor })).toEqual(ofEvent.slice(2));
    });

    it('contain the deliveries of every account whose event has the id', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      for (const accountId of ['acc_1', 'acc_2'])
        await store.publish(event('evt_1', { accountId }), () =>
          delivery(`dlv_${accountId}`, 'evt_1', { accountId }),
        );
      const { items } = await store.listDeliveries({ limit: 9, eventId: 'evt_1' });
      expect(items.map(({ accountId }) => accountId)).toEqual(['acc_2', 'acc_1']);
    });
  });
}
