import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transition } from '../../../src/sender/records.js';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { claimDue, publish, succeed } from './fixtures.js';

/** Tests changes of deliveries that are scheduled, held or under a lease. */
export function describeWaiting(open: () => SenderStore): void {
  describe('waiting deliveries', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    it('have due times and leases brought forward after the clock was set back, but not before now', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      await publish(store, 'soon', { dueAtMs: 150 });
      await publish(store, 'late', { attempts: 1, dueAtMs: 1_100 });
      await publish(store, 'past', { dueAtMs: 50 });
      await publish(store, 'begun', { dueAtMs: 1 });
      await claimDue(store);
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

    it('are held by several bounded claims, and released in steps of the given limit', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      for (let each = 0; each < 1_200; each += 1) await publish(store, String(each));
      await store.updateEndpoint('wh_1', (each) => ({ ...each, status: 'disabled' }));
      const moves: number[] = [];
      do moves.push((await claimDue(store)).processed);
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

    it('have their leases expired once they have passed, and not earlier', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      await publish(store, '1');
      await claimDue(store);
      expect(await store.nextAlarmMs(0)).toBe(99);
      expect(await store.expire(98, succeed)).toBe(0);
      expect(await store.expire(99, succeed)).toBe(1);
      expect(await store.nextAlarmMs(0)).toBeUndefined();
    });

    it('are cancelled with their endpoint, and ended ones are not', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      await store.insertEndpoint(endpoint('wh_2'));
      await publish(store, '1');
      await publish(store, 'held', { status: 'held', dueAtMs: null });
      await publish(store, 'retry', { attempts: 2 });
      await publish(store, 'over', { status: 'failed', dueAtMs: null });
      const cancel: Transition = ({ delivery: row }) => ({
        delivery: { ...row, status: 'cancelled', dueAtMs: null },
      });
      expect(await store.deleteEndpoint('wh_1', cancel)).toBe(true);
      const statuses = async (endpointId: string) =>
        (await store.listDeliveries({ endpointId, limit: 10 })).items.map(({ status }) => status).sort();
      expect(await statuses('wh_1')).toEqual(['cancelled', 'cancelled', 'cancelled', 'failed']);
      expect(await statuses('wh_2')).toEqual(['failed', 'held', 'scheduled', 'scheduled']);
      expect((await claimDue(store)).claims.map((each) => each.delivery.endpointId)).toEqual(['wh_2']);
    });

    it('determine the next alarm, even if an overdue one waits for capacity', async () => {
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
  });
}
