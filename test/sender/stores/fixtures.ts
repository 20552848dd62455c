// Inputs and shorthands that the suites of the stores share.
import { expect } from 'vitest';
import type { DeliveryRecord, IdempotencyRecord, Transition } from '../../../src/sender/records.js';
import type {
  ClaimBatch,
  ClaimRequest,
  PruneRule,
  PublishStep,
  SenderStore,
} from '../../../src/sender/stores/store.js';
import { attempt, delivery, event } from '../../support/sender-records.js';

export const pruneRule = (more: Partial<PruneRule> = {}): PruneRule => ({
  nowMs: 1e6,
  endedBeforeMs: 0,
  heldMs: 1e9,
  heldNoticeMs: 0,
  deliveries: 1e9,
  bytes: 1e12,
  keysBeforeMs: 0,
  limit: 10,
  expireHeld: (at) => ({ endpoint: at, isDropped: false }),
  ...more,
});

export const idempotencyRecord = (accountId: string, key: string): IdempotencyRecord => ({
  accountId,
  key,
  fingerprint: 'f',
  resourceId: 'r',
  begunAtMs: 100,
  isAbandoned: false,
  response: null,
});

export const keyExpiry = { beforeMs: 0, abandonedMs: 0, limit: 9 };

/** Prunes step by step until the end of the store. Returns how many rows were forgotten. */
export async function pruneAll(store: SenderStore, more: Partial<PruneRule>): Promise<number> {
  let forgotten = 0;
  for (let isComplete = false; !isComplete;) {
    const step = await store.prune(pruneRule(more));
    expect(step.forgotten).toBeLessThanOrEqual(pruneRule(more).limit);
    forgotten += step.forgotten;
    isComplete = step.isComplete;
  }
  return forgotten;
}

/** Begins an attempt, or holds the delivery if its endpoint is disabled. */
export const beginAttempt: Transition = ({ delivery: row, endpoint: owner }) =>
  owner?.status === 'disabled'
    ? { delivery: { ...row, status: 'held', dueAtMs: null } }
    : {
        delivery: {
          ...row,
          status: 'attempting',
          attempts: row.attempts + 1,
          dueAtMs: null,
          token: 't',
          leaseUntilMs: 99,
        },
        attempt: attempt(row.id, { number: row.attempts + 1 }),
      };

/** Ends a delivery as succeeded. */
export const succeed: Transition = ({ delivery: row }) => ({
  delivery: { ...row, status: 'succeeded', dueAtMs: null, token: null, leaseUntilMs: null },
});

/** Claims what is due at 10 ms in the lane of first attempts. */
export function claimDue(store: SenderStore, more: Partial<ClaimRequest> = {}): Promise<ClaimBatch> {
  return store.claim({
    lane: 'first',
    nowMs: 10,
    limit: 100,
    accountCapacityOf: () => 100,
    capacityOf: () => 8,
    begin: beginAttempt,
    ...more,
  });
}

/** Publishes the event `evt_<id>`, with the delivery `dlv_<id>_<endpoint id>` for each endpoint. */
export function publish(
  store: SenderStore,
  id: string,
  more: Partial<DeliveryRecord> = {},
): Promise<PublishStep> {
  return store.publish(event(`evt_${id}`), ({ id: endpointId }) =>
    delivery(`dlv_${id}_${endpointId}`, `evt_${id}`, { endpointId, ...more }),
  );
}
