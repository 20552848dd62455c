import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { IdempotencyRecord } from '../../../src/sender/records.js';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { pruneAll } from './fixtures.js';

/** Tests the idempotency keys of the API. */
export function describeIdempotencyKeys(open: () => SenderStore): void {
  describe('idempotency keys', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    const call: IdempotencyRecord = {
      accountId: 'acc_1',
      key: 'k',
      fingerprint: 'f',
      resourceId: 'first',
      begunAtMs: 100,
      isAbandoned: false,
      response: null,
    };
    const expiry = { beforeMs: 0, abandonedMs: 0, limit: 9 };
    const answer = { status: 201, body: '{}' };
    const second = { ...call, resourceId: 'second', begunAtMs: 200 };

    it('are claimed by one of two simultaneous calls, and by a call of another account', async () => {
      const claims = await Promise.all([
        store.claimIdempotencyKey(call, expiry),
        store.claimIdempotencyKey(call, expiry),
      ]);
      expect(claims).toEqual([
        { status: 'claimed', record: call },
        { status: 'taken', record: call },
      ]);
      expect((await store.claimIdempotencyKey({ ...call, accountId: 'acc_2' }, expiry)).status).toBe(
        'claimed',
      );
    });

    it('return the stored response until they expire, and are free afterwards', async () => {
      await store.claimIdempotencyKey(call, expiry);
      await store.storeResponse({ ...call, begunAtMs: 99 }, 'released');
      await store.storeResponse(call, answer);
      expect(await store.claimIdempotencyKey(second, { ...expiry, beforeMs: 100, abandonedMs: 101 })).toEqual(
        {
          status: 'taken',
          record: { ...call, response: answer },
        },
      );
      expect(await store.claimIdempotencyKey(second, { ...expiry, beforeMs: 101 })).toEqual({
        status: 'claimed',
        record: second,
      });
    });

    it('are free once they are released', async () => {
      await store.claimIdempotencyKey(call, expiry);
      await store.storeResponse(call, 'released');
      expect(await store.claimIdempotencyKey(second, expiry)).toEqual({ status: 'claimed', record: second });
    });

    it('keep their resource id for a retry of an abandoned call, and reject another call', async () => {
      const abandon = [
        (key: string) => store.storeResponse({ ...call, key }, 'abandoned').then(() => expiry),
        () => ({ ...expiry, abandonedMs: 101 }),
      ];
      for (const [index, each] of abandon.entries()) {
        const key = `k${index}`;
        await store.claimIdempotencyKey({ ...call, key }, expiry);
        const after = await each(key);
        const other = await store.claimIdempotencyKey({ ...second, key, fingerprint: 'other' }, after);
        expect(other.status).toBe('taken');
        const retry = await store.claimIdempotencyKey({ ...second, key }, after);
        expect(retry).toEqual({ status: 'claimed', record: { ...second, key, resourceId: 'first' } });
        expect((await store.claimIdempotencyKey({ ...second, key }, expiry)).status).toBe('taken');
      }
    });

    it('are rejected beyond the limit of the account, until older ones are forgotten', async () => {
      const claim = async (key: string, accountId = 'acc_1') =>
        (await store.claimIdempotencyKey({ ...call, key, accountId }, { ...expiry, limit: 2 })).status;
      expect([await claim('a'), await claim('b'), await claim('c'), await claim('c', 'acc_2')]).toEqual([
        'claimed',
        'claimed',
        'full',
        'claimed',
      ]);
      expect(await claim('a')).toBe('taken');
      expect(await pruneAll(store, { keysBeforeMs: 100 })).toBe(0);
      expect(await pruneAll(store, { keysBeforeMs: 101, limit: 1 })).toBe(3);
      expect(await claim('c')).toBe('claimed');
    });
  });
}
