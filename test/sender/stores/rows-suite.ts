import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { attempt, delivery, endpoint, event } from '../../support/sender-records.js';
import { claimDue, publish, succeed } from './fixtures.js';

/** Tests that a store returns single rows as they were stored. */
export function describeRows(open: () => SenderStore): void {
  describe('rows', () => {
    let store: SenderStore;
    beforeEach(() => {
      store = open();
    });
    afterEach(() => store.close());

    it('returns rows exactly as they were stored', async () => {
      const full = endpoint('wh_1', {
        accountId: 'acc_1',
        events: ['credits.low', 'site.deleted'],
        status: 'disabled',
        disabledReason: 'failures',
        disabledAtMs: 5,
        failingSinceMs: 4,
        lastError: 'HTTP 500 \u0000 "quoted" \u{1f4a5}',
        disabledNotificationPending: true,
      });
      await store.insertEndpoint(full);
      expect(await store.getEndpoint('wh_1')).toEqual(full);
      expect(await store.pendingDisabledNotifications()).toEqual([full]);
      const whole = attempt('dlv_1', {
        endedAtMs: 11,
        outcome: 'failure',
        requestHeaders: { 'x-a': '__proto__' },
        result: {
          status: 500,
          responseHeaders: { 'x-b': 'c' },
          responseBody: 'no',
          timings: { totalMs: 1.5 },
        },
        nextAttemptAtMs: 20,
        reason: 'because',
      });
      await store.insertDelivery({
        delivery: delivery('dlv_1', 'evt_1'),
        event: event('evt_1'),
        attempt: whole,
      });
      expect(await store.getDelivery('dlv_1')).toEqual({
        delivery: delivery('dlv_1', 'evt_1'),
        event: event('evt_1'),
        attempts: [whole],
      });
    });

    it('returns nothing for ids that are not stored', async () => {
      expect(await store.getEndpoint('wh_0')).toBeUndefined();
      expect(await store.updateEndpoint('wh_0', (each) => each)).toBeUndefined();
      expect(await store.deleteEndpoint('wh_0', succeed)).toBe(false);
      expect(await store.getDelivery('dlv_0')).toBeUndefined();
      expect(await store.nextAlarmMs(0)).toBeUndefined();
      expect(await claimDue(store)).toEqual({ claims: [], processed: 0 });
      await store.settle([{ deliveryId: 'dlv_0', change: succeed }]);
    });

    it('inserts no delivery of an event that is not stored', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      expect(await store.insertDelivery({ delivery: delivery('dlv_1', 'evt_1', { kind: 'manual' }) })).toBe(
        false,
      );
      expect(await store.getDelivery('dlv_1')).toBeUndefined();
      expect((await claimDue(store)).processed).toBe(0);
    });

    it('undoes a publication that throws, but not a concurrent one', async () => {
      await store.insertEndpoint(endpoint('wh_1'));
      const wrong = store.publish(event('evt_wrong'), () => {
        throw new Error('no delivery');
      });
      const right = publish(store, 'right');
      await expect(wrong).rejects.toThrow('no delivery');
      expect((await right).created).toBe(true);
      expect((await publish(store, 'wrong')).created).toBe(true);
    });
  });
}
