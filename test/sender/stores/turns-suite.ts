import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { claimDue } from './fixtures.js';

/** Tests the order in which a claim serves accounts and their endpoints. */
export function describeTurns(open: () => SenderStore): void {
  describe('turns', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    const of = (accountId: string, id: string) => endpoint(id, { accountId });
    const due = (accountId: string, id: string, dueAtMs: number) =>
      store.publish(event(`evt_${id}`, { accountId }), ({ id: endpointId }) =>
        delivery(`dlv_${id}_${endpointId}`, `evt_${id}`, { accountId, endpointId, dueAtMs }),
      );
    const owners = async (more: object) =>
      (await claimDue(store, more)).claims.map((each) => each.delivery.accountId);

    it('are given to each account, even if another has 150 endpoints that have waited longer', async () => {
      for (let each = 0; each < 150; each += 1) await store.insertEndpoint(of('acc_many', `wh_${each}`));
      await store.insertEndpoint(of('acc_one', 'wh_one'));
      await store.insertEndpoint(of('acc_two', 'wh_two'));
      for (let each = 0; each < 10; each += 1) await due('acc_many', `many_${each}`, each);
      await due('acc_one', 'one', 10);
      await due('acc_two', 'two', 10);
      // One free slot at a time: no account waits for more than one turn of each of the others.
      const turns = [];
      for (let each = 0; each < 3; each += 1) turns.push(...(await owners({ limit: 1 })));
      expect(turns.sort()).toEqual(['acc_many', 'acc_one', 'acc_two']);
    });

    it('skip an account without capacity, without examining its endpoints', async () => {
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
      // The store does not ask for the capacity of its endpoints.
      expect(asked).toEqual(['wh_one']);
      expect(await owners({ accountCapacityOf: () => 5 })).toHaveLength(5);
    });

    it('are given to each endpoint of an account', async () => {
      await store.insertEndpoint(of('acc_1', 'wh_old'));
      for (let each = 0; each < 40; each += 1) await due('acc_1', `old_${each}`, Math.floor(each / 4));
      await store.insertEndpoint(of('acc_1', 'wh_new'));
      await due('acc_1', 'new', 10);
      const { claims } = await claimDue(store, { limit: 12, capacityOf: () => 20 });
      expect(claims.map((each) => each.delivery.endpointId)).toContain('wh_new');
    });

    it('count endpoints without an account as one account', async () => {
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

    it('are given to a delivery that is due again after the clock was set back', async () => {
      await store.insertEndpoint(of('acc_1', 'wh_1'));
      await due('acc_1', '1', 1_000);
      expect(await store.nextAlarmMs(0)).toBe(1_000);
      expect(await owners({ nowMs: 1_000, accountCapacityOf: () => 0 })).toEqual([]);
      expect(await store.nextAlarmMs(10)).toBe(1_000);
      expect(await owners({ nowMs: 10 })).toEqual([]);
      expect(await owners({ nowMs: 1_000 })).toEqual(['acc_1']);
    });
  });
}
