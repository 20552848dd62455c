import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { maxEndpointsPerStep, type SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { pruneAll, publish, succeed } from './fixtures.js';

/** Tests publishing in one step and in several. */
export function describePublishing(open: () => SenderStore): void {
  describe('publishing', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    it('stores an event id once, even if it is published twice at the same time', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      const [first, second] = await Promise.all([publish(store, '1'), publish(store, '1')]);
      expect([first.created, second.created]).toEqual([true, false]);
      expect(second.deliveries).toEqual(first.deliveries);
      await store.insertDelivery({ delivery: delivery('dlv_hand', 'evt_1', { kind: 'manual' }) });
      expect((await publish(store, '1')).deliveries).toEqual(first.deliveries);
    });

    it('returns only deliveries of the event, even if a later event reused the position of one', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      await store.insertEndpoint(endpoint('wh_2'));
      await publish(store, 'a');
      await store.settle([{ deliveryId: 'dlv_a_wh_2', change: succeed }]);
      expect(await pruneAll(store, { deliveries: 0 })).toBe(1);
      await publish(store, 'b');
      expect((await publish(store, 'a')).deliveries.map(({ id }) => id)).toEqual(['dlv_a_wh_1']);
    });

    it('stores the same event id for each of two accounts', async () => {
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

    describe('to many endpoints', () => {
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

      it('takes several steps, and returns the deliveries of each step when it is repeated', async () => {
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

      it('counts an event as one without deliveries only after its last step created none', async () => {
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
        // An event with steps left is neither counted nor forgotten, however old it is.
        await store.publish(event('evt_unfinished'), () => undefined);
        await publishTo('evt_late', `wh_${count - 1}`);
        await publishTo('evt_none');
        expect(await pruneAll(store, { deliveries: 1 })).toBe(0);
        await publishTo('evt_none_2');
        expect(await pruneAll(store, { deliveries: 1 })).toBe(1);
        expect(await store.getDelivery('dlv_evt_late')).toBeDefined();
        expect(await pruneAll(store, { endedBeforeMs: 6 })).toBe(1);
        expect((await store.unfinishedEvents()).map(({ id }) => id)).toEqual(['evt_unfinished']);
        expect(await pruneAll(store, { endedBeforeMs: 10 })).toBe(1);
        // Every forgotten event was subtracted: the next two count as two.
        await publishTo('evt_none_3');
        await publishTo('evt_none_4');
        expect(await pruneAll(store, { deliveries: 1 })).toBe(1);
      });

      it('continues with the endpoints that existed at its first step, and forgets no event meanwhile', async () => {
        const first = await step();
        expect(await store.unfinishedEvents()).toEqual([event('evt_1')]);
        // All deliveries so far have ended and are forgotten, and there are new endpoints.
        await store.settle(first.deliveries.map(({ id }) => ({ deliveryId: id, change: succeed })));
        await pruneAll(store, { endedBeforeMs: 1e9 });
        await store.insertEndpoint(endpoint('wh_new'));
        await store.deleteEndpoint(`wh_${count - 1}`, succeed);
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
  });
}
