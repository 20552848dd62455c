import { ownerOf, type DeliveryRecord } from '../../records.js';
import type { DeliveryFilter, SenderStore, WaitingRequest } from '../store.js';
import { createUsage } from '../usage.js';
import { createDeliveries, type Deliveries } from './deliveries.js';
import { createEndpoints, type Endpoints } from './endpoints.js';
import { createEvents, type Events } from './events.js';
import { createIdempotencyKeys } from './idempotency-keys.js';
import { createLeases, type Leases } from './leases.js';
import { takePage } from './page.js';
import { createPublishing } from './publishing.js';
import { createQueues, type Queues } from './queues.js';
import { rebaseStep } from './rebase.js';
import { createRetention } from './retention.js';

/** The rows of the store, and the state derived from them. */
interface Parts {
  readonly endpoints: Endpoints;
  readonly events: Events;
  readonly deliveries: Deliveries;
  readonly queues: Queues;
  readonly leases: Leases;
}

function endpointMethods({ endpoints, deliveries, queues }: Parts) {
  function changeWaiting({ endpointId, statuses, limit, change }: WaitingRequest): number {
    const waiting = queues.waitingFor(endpointId, statuses).slice(0, limit);
    return waiting.filter((entry) => deliveries.apply(entry, change)).length;
  }

  return {
    async insertEndpoint(endpoint, maxOfAccount = Infinity) {
      return endpoints.insert(endpoint, maxOfAccount);
    },
    async getEndpoint(id) {
      return endpoints.get(id);
    },
    async listEndpoints({ accountId, ...request }) {
      const isIncluded = (each: { accountId: string | null }): boolean =>
        accountId === undefined || each.accountId === accountId;
      return takePage((before) => endpoints.newestFirst(before), isIncluded, request);
    },
    async updateEndpoint(id, change) {
      const endpoint = endpoints.get(id);
      if (!endpoint) return undefined;
      const changed = change(endpoint);
      endpoints.replace(changed);
      return changed;
    },
    async deleteEndpoint(id, change) {
      if (!endpoints.delete(id)) return false;
      changeWaiting({ endpointId: id, statuses: ['scheduled', 'held'], limit: Infinity, change });
      queues.removeEndpoint(id);
      return true;
    },
    async pendingDisabledNotifications() {
      return endpoints.all().filter(({ disabledNotificationPending }) => disabledNotificationPending);
    },
    async pendingHeldNotifications() {
      const pending = endpoints.all().filter(({ heldNotificationPending }) => heldNotificationPending);
      return pending.map((endpoint) => ({ endpoint, deliveries: queues.heldFor(endpoint.id) }));
    },
    async changeWaiting(request) {
      return changeWaiting(request);
    },
  } satisfies Partial<SenderStore>;
}

/** Whether a list of deliveries includes a record. */
function matches(
  { endpointId, status, eventType, eventId }: DeliveryFilter,
  record: DeliveryRecord,
): boolean {
  return (
    (endpointId === undefined || record.endpointId === endpointId) &&
    (status === undefined || record.status === status) &&
    (eventType === undefined || record.eventType === eventType) &&
    (eventId === undefined || record.eventId === eventId)
  );
}

function deliveryMethods({ events, deliveries }: Parts) {
  return {
    async insertDelivery({ delivery, event, attempt }) {
      const stored = events.find(delivery.accountId, delivery.eventId) ?? (event && events.add(event, true));
      if (!stored) return false;
      deliveries.insert(delivery, stored, attempt);
      return true;
    },
    async getDelivery(id) {
      const entry = deliveries.get(id);
      return entry && { delivery: entry.record, event: entry.event.record, attempts: [...entry.attempts] };
    },
    async listDeliveries(filter) {
      return takePage(
        (before) => deliveries.newestFirst(before),
        (record) => matches(filter, record),
        filter,
      );
    },
  } satisfies Partial<SenderStore>;
}

function attemptMethods({ deliveries, queues, leases }: Parts) {
  return {
    async claim(request) {
      return queues.claim(request, (entry) => deliveries.begin(entry, request.begin));
    },
    async settle(settlements) {
      for (const { deliveryId, change } of settlements) {
        const entry = deliveries.get(deliveryId);
        if (entry) deliveries.apply(entry, change);
      }
    },
    async expire(nowMs, change) {
      return leases.expiredBy(nowMs).filter((entry) => deliveries.apply(entry, change)).length;
    },
    async nextAlarmMs(afterMs) {
      const first = Math.min(queues.nextDueMs(afterMs) ?? Infinity, leases.nextEndMs(afterMs) ?? Infinity);
      return first === Infinity ? undefined : first;
    },
    async rebase(request) {
      return rebaseStep(deliveries, request);
    },
  } satisfies Partial<SenderStore>;
}

function createParts() {
  const usage = createUsage();
  const endpoints = createEndpoints();
  const events = createEvents(usage);
  const queues = createQueues((endpointId) => ownerOf(endpoints.get(endpointId)));
  const leases = createLeases();
  const deliveries = createDeliveries({ endpoints, events, queues, leases, usage });
  return { usage, endpoints, events, queues, leases, deliveries };
}

/**
 * Creates a store that keeps everything in memory, for tests and for data that may be lost with the process.
 *
 * @example
 * const sender = createSender({ store: createMemoryStore() });
 */
export function createMemoryStore(): SenderStore {
  const parts = createParts();
  const keys = createIdempotencyKeys();
  const publishing = createPublishing(parts);
  const prune = createRetention({ ...parts, keys });
  return {
    exclusive: true,
    ...endpointMethods(parts),
    ...deliveryMethods(parts),
    ...attemptMethods(parts),
    async publish(event, toDelivery, position = 0) {
      return publishing.publish(event, toDelivery, position);
    },
    async unfinishedEvents() {
      return publishing.unfinished();
    },
    async prune(rule) {
      return prune(rule);
    },
    async claimIdempotencyKey(record, expiry) {
      return keys.claim(record, expiry);
    },
    async storeResponse(key, outcome) {
      keys.storeResponse(key, outcome);
    },
    async close() {
      // There is nothing to release.
    },
  };
}
