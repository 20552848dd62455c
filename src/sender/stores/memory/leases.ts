import type { DeliveryRecord } from '../../records.js';
import type { DeliveryEntry } from './entries.js';

/** The deliveries that are being attempted, each under a lease. */
export interface Leases {
  /** Follows a change of a delivery; `before` is undefined for a new one. */
  update(entry: DeliveryEntry, before: DeliveryRecord | undefined): void;
  /** The deliveries whose lease ends at `nowMs` or earlier. */
  expiredBy(nowMs: number): readonly DeliveryEntry[];
  /** The earliest end of a lease after `afterMs`. */
  nextEndMs(afterMs: number): number | undefined;
}

export function createLeases(): Leases {
  const attempting = new Set<DeliveryEntry>();
  return {
    update(entry, before) {
      if (before?.status === 'attempting') attempting.delete(entry);
      if (entry.record.status === 'attempting') attempting.add(entry);
    },
    expiredBy: (nowMs) => [...attempting].filter(({ record }) => (record.leaseUntilMs ?? 0) <= nowMs),
    nextEndMs(afterMs) {
      let first: number | undefined;
      for (const { record } of attempting) {
        const endMs = record.leaseUntilMs ?? 0;
        if (endMs > afterMs && endMs < (first ?? Infinity)) first = endMs;
      }
      return first;
    },
  };
}
