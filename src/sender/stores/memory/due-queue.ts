import type { DeliveryRecord } from '../../records.js';
import { createHeap } from '../heap.js';
import type { DeliveryEntry } from './entries.js';

/** A delivery and the record with which it was scheduled. The item is stale once the delivery has another record. */
interface ScheduledItem {
  readonly dueAtMs: number;
  readonly record: DeliveryRecord;
  readonly entry: DeliveryEntry;
}

/** The scheduled deliveries of one endpoint and lane, in the order of their due times. */
export interface DueQueue {
  /** Adds a delivery that is scheduled. It leaves the queue with the next change of its record. */
  add(entry: DeliveryEntry): void;
  /** When the first delivery is due; undefined if there is none. */
  firstDueMs(): number | undefined;
  /** Removes and returns the first delivery if it is due. */
  takeDue(nowMs: number): DeliveryEntry | undefined;
  /** All deliveries, in no particular order. */
  all(): readonly DeliveryEntry[];
}

/** Deliveries that are due at the same time are sent in the order in which they were created. */
function isEarlier(a: ScheduledItem, b: ScheduledItem): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.entry.position < b.entry.position);
}

const isCurrent = ({ entry, record }: ScheduledItem): boolean => entry.record === record;

export function createDueQueue(): DueQueue {
  const items = createHeap(isEarlier);

  /** Removes stale items until the first one is current. */
  function first(): ScheduledItem | undefined {
    for (let item = items.peek(); item; item = items.peek()) {
      if (isCurrent(item)) return item;
      items.pop();
    }
    return undefined;
  }

  return {
    add(entry) {
      const { record } = entry;
      if (record.dueAtMs !== null) items.push({ dueAtMs: record.dueAtMs, record, entry });
    },
    firstDueMs: () => first()?.dueAtMs,
    takeDue(nowMs) {
      const item = first();
      if (!item || item.dueAtMs > nowMs) return undefined;
      items.pop();
      return item.entry;
    },
    all: () => [...items.values()].filter(isCurrent).map(({ entry }) => entry),
  };
}
