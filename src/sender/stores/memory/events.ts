import type { EventRecord } from '../../records.js';
import type { Usage } from '../usage.js';
import { createChunkedSequence } from './chunked-sequence.js';
import type { DeliveryEntry, EventEntry } from './entries.js';
import { createShardedMap } from './sharded-map.js';

/**
 * The events. An event is kept as long as one of its deliveries is. Events that have none after publishing make up the
 * class `unheard`, which is counted here and pruned separately.
 */
export interface Events {
  find(accountId: string, id: string): EventEntry | undefined;
  /** Adds an event that is not stored yet. `isPublished` is false if `finish` will follow. */
  add(record: EventRecord, isPublished: boolean): EventEntry;
  /** Marks an event whose last step of publishing is done. */
  finish(entry: EventEntry): void;
  addDelivery(delivery: DeliveryEntry): void;
  /** Removes a delivery, and with the last one the event. */
  removeDelivery(delivery: DeliveryEntry): void;
  /** Iterates over events without deliveries, oldest first. */
  unheard(): Iterable<EventEntry>;
  /** Removes an event without deliveries. */
  remove(entry: EventEntry): void;
}

/** An event id is unique within its account only. */
function keyOf(accountId: string, id: string): string {
  return `${accountId.length} ${accountId} ${id}`;
}

export function createEvents(usage: Usage): Events {
  const byKey = createShardedMap<EventEntry>();
  const unheard = createChunkedSequence<EventEntry>();

  function addToUnheard(entry: EventEntry): void {
    unheard.append((position) => {
      entry.unheardPosition = position;
      return entry;
    });
    usage.add(entry.record.accountId, 'unheard', entry.record.body.length);
  }

  function removeFromUnheard(entry: EventEntry): void {
    if (entry.unheardPosition === undefined) return;
    unheard.delete(entry.unheardPosition);
    entry.unheardPosition = undefined;
    usage.subtract(entry.record.accountId, 'unheard', entry.record.body.length);
  }

  function remove(entry: EventEntry): void {
    removeFromUnheard(entry);
    byKey.delete(keyOf(entry.record.accountId, entry.record.id));
  }

  return {
    find: (accountId, id) => byKey.get(keyOf(accountId, id)),
    add(record, isPublished) {
      const entry: EventEntry = { record, isPublished, deliveries: [], unheardPosition: undefined };
      byKey.set(keyOf(record.accountId, record.id), entry);
      return entry;
    },
    finish(entry) {
      entry.isPublished = true;
      if (entry.deliveries.length === 0) addToUnheard(entry);
    },
    addDelivery(delivery) {
      removeFromUnheard(delivery.event);
      delivery.event.deliveries.push(delivery);
    },
    removeDelivery(delivery) {
      const { event } = delivery;
      event.deliveries.splice(event.deliveries.indexOf(delivery), 1);
      if (event.deliveries.length === 0 && event.isPublished) remove(event);
    },
    unheard: () => unheard.oldestFirst(),
    remove,
  };
}
