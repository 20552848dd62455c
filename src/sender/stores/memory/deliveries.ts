import {
  classOf,
  type AttemptRecord,
  type Change,
  type DeliveryRecord,
  type Transition,
} from '../../records.js';
import type { Claim } from '../store.js';
import type { Usage } from '../usage.js';
import { createChunkedSequence } from './chunked-sequence.js';
import type { Endpoints } from './endpoints.js';
import type { DeliveryEntry, EventEntry } from './entries.js';
import type { Events } from './events.js';
import type { Leases } from './leases.js';
import type { Queues } from './queues.js';
import { retainedBytes } from './retained-bytes.js';
import { createShardedMap } from './sharded-map.js';

/** The deliveries with their attempts. Every change of a delivery is made here, which also updates the indexes. */
export interface Deliveries {
  get(id: string): DeliveryEntry | undefined;
  insert(record: DeliveryRecord, event: EventEntry, attempt?: AttemptRecord): void;
  replace(entry: DeliveryEntry, record: DeliveryRecord): void;
  /** Puts a delivery through a transition. */
  apply(entry: DeliveryEntry, transition: Transition): Change | undefined;
  /** Puts a delivery through `begin`, and returns the claim if an attempt has begun. */
  begin(entry: DeliveryEntry, begin: Transition): Claim | undefined;
  /** Removes a delivery that is ended or held. */
  forget(entry: DeliveryEntry): void;
  oldestFirst(after?: number): Iterable<DeliveryEntry>;
  newestFirst(before?: number): Iterable<DeliveryEntry>;
}

/** The rows that belong to deliveries, and the indexes and counts that follow every change. */
interface DeliveryParts {
  readonly endpoints: Endpoints;
  readonly events: Events;
  readonly queues: Queues;
  readonly leases: Leases;
  readonly usage: Usage;
}

/** Adds a delivery to the usage of its account, or subtracts it. Its attempts must not change in between. */
function countIn(usage: Usage, change: 'add' | 'subtract', entry: DeliveryEntry): void {
  const retentionClass = classOf(entry.record);
  if (retentionClass) usage[change](entry.record.accountId, retentionClass, retainedBytes(entry));
}

export function createDeliveries({ endpoints, events, queues, leases, usage }: DeliveryParts): Deliveries {
  const byId = createShardedMap<DeliveryEntry>();
  const inOrder = createChunkedSequence<DeliveryEntry>();

  function update(entry: DeliveryEntry, record: DeliveryRecord, attempt?: AttemptRecord): void {
    const before = entry.record;
    countIn(usage, 'subtract', entry);
    if (attempt) entry.attempts[attempt.number - 1] = attempt;
    entry.record = record;
    countIn(usage, 'add', entry);
    leases.update(entry, before);
    queues.update(entry, before);
  }

  function apply(entry: DeliveryEntry, transition: Transition): Change | undefined {
    const { record: delivery, attempts } = entry;
    const endpoint = endpoints.get(delivery.endpointId);
    const attempt = attempts[delivery.attempts - 1];
    const change = transition({ delivery, endpoint, attempt });
    if (!change) return undefined;
    if (change.delivery !== delivery || change.attempt !== attempt)
      update(entry, change.delivery, change.attempt);
    if (change.endpoint && change.endpoint !== endpoint) endpoints.replace(change.endpoint);
    return change;
  }

  return {
    get: (id) => byId.get(id),
    insert(record, event, attempt) {
      const attempts = attempt ? [attempt] : [];
      const entry = inOrder.append((position) => ({ position, event, attempts, record }));
      byId.set(record.id, entry);
      events.addDelivery(entry);
      countIn(usage, 'add', entry);
      leases.update(entry, undefined);
      queues.update(entry, undefined);
    },
    replace: update,
    apply,
    begin(entry, begin) {
      const change = apply(entry, begin);
      if (change?.delivery.status !== 'attempting') return undefined;
      const endpoint = endpoints.get(change.delivery.endpointId);
      return endpoint && { delivery: change.delivery, endpoint, event: entry.event.record };
    },
    forget(entry) {
      countIn(usage, 'subtract', entry);
      queues.removeHeld(entry);
      byId.delete(entry.record.id);
      inOrder.delete(entry.position);
      events.removeDelivery(entry);
    },
    oldestFirst: (after) => inOrder.oldestFirst(after),
    newestFirst: (before) => inOrder.newestFirst(before),
  };
}
