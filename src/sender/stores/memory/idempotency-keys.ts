import type { IdempotencyRecord } from '../../records.js';
import type { KeyClaim, KeyExpiry, SenderStore } from '../store.js';

/** The idempotency keys of each account. */
export interface IdempotencyKeys {
  claim(record: IdempotencyRecord, expiry: KeyExpiry): KeyClaim;
  storeResponse(...args: Parameters<SenderStore['storeResponse']>): void;
  all(): Iterable<IdempotencyRecord>;
  forget(record: IdempotencyRecord): void;
}

/** Whether the call of a key ended without a response, or has taken so long that it counts as ended. */
function isAbandoned(record: IdempotencyRecord, { abandonedMs }: KeyExpiry): boolean {
  return record.isAbandoned || (record.response === null && record.begunAtMs < abandonedMs);
}

export function createIdempotencyKeys(): IdempotencyKeys {
  const ofAccount = new Map<string, Map<string, IdempotencyRecord>>();

  const find = (accountId: string, key: string): IdempotencyRecord | undefined =>
    ofAccount.get(accountId)?.get(key);

  function save(record: IdempotencyRecord): void {
    const records = ofAccount.get(record.accountId) ?? new Map<string, IdempotencyRecord>();
    ofAccount.set(record.accountId, records.set(record.key, record));
  }

  function forget({ accountId, key }: IdempotencyRecord): void {
    const records = ofAccount.get(accountId);
    records?.delete(key);
    if (records?.size === 0) ofAccount.delete(accountId);
  }

  return {
    claim(record, expiry) {
      const existing = find(record.accountId, record.key);
      if (!existing) {
        const count = ofAccount.get(record.accountId)?.size ?? 0;
        if (count >= expiry.limit) return { status: 'full' };
        save(record);
        return { status: 'claimed', record };
      }
      if (existing.begunAtMs < expiry.beforeMs) {
        save(record);
        return { status: 'claimed', record };
      }
      if (existing.fingerprint !== record.fingerprint || !isAbandoned(existing, expiry)) {
        return { status: 'taken', record: existing };
      }
      const retried = { ...record, resourceId: existing.resourceId };
      save(retried);
      return { status: 'claimed', record: retried };
    },
    storeResponse({ accountId, key, begunAtMs }, outcome) {
      const existing = find(accountId, key);
      if (existing?.begunAtMs !== begunAtMs) return;
      if (outcome === 'released') forget(existing);
      else if (outcome === 'abandoned') save({ ...existing, isAbandoned: true });
      else save({ ...existing, response: outcome });
    },
    *all() {
      for (const records of ofAccount.values()) yield* records.values();
    },
    forget,
  };
}
