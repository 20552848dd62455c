import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transition } from '../../../src/sender/records.js';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { createSqliteStore } from '../../../src/sender/stores/sqlite/sqlite.js';
import { delivery, endpoint, event } from '../../support/sender-records.js';
import { beginAttempt } from './fixtures.js';

it('the SQLite store searches a bounded number of rows per page, and continues on the next page', async () => {
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
  // The index of events finds a delivery behind any number of newer ones.
  const ofEvent = await store.listDeliveries({ eventId: 'evt_0', endpointId: 'wh_1', limit: 10 });
  expect(ofEvent.items.map(({ id }) => id)).toEqual(['dlv_0']);
  await store.close();
});

describe('the SQLite store after a rollback', () => {
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

  it('returns a delivery as scheduled if its attempt was rolled back', async () => {
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
      return beginAttempt(rows);
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
    expect((await store.claim({ ...request, begin: beginAttempt })).claims).toHaveLength(2);
  });

  it('returns an endpoint as it was before', async () => {
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
