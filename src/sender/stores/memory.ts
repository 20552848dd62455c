import {
  hears,
  laneOf,
  type AttemptRecord,
  type Change,
  type Claim,
  type DeliveryRecord,
  type EndpointRecord,
  type EventRecord,
  type Lane,
  type Page,
  type SenderStore,
  type Transition,
} from './contract.js';
import { createHeap, type Heap } from './heap.js';

/** A place where a delivery waits, or waited: one that has moved on leaves its entry behind. */
interface Waiting {
  readonly dueAtMs: number;
  readonly sequence: number;
  readonly deliveryId: string;
}

/** What is first due at an endpoint. */
interface Head extends Waiting {
  readonly endpointId: string;
}

/** What waits for one endpoint, by lane. */
type Lanes = Record<Lane, Heap<Waiting>>;

function isEarlier(a: Waiting, b: Waiting): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.sequence < b.sequence);
}

/** Newest first; the cursor is the id of the last item of the page before. */
function page<Item extends { readonly id: string }>(
  items: Iterable<Item>,
  wanted: (item: Item) => boolean,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Page<Item> {
  const shown: Item[] = [];
  let begun = cursor === undefined;
  for (const item of [...items].reverse()) {
    if (begun && wanted(item)) shown.push(item);
    if (item.id === cursor) begun = true;
    if (shown.length > limit) break;
  }
  const more = shown.length > limit;
  const list = shown.slice(0, limit);
  return { items: list, nextCursor: more ? list.at(-1)?.id : undefined };
}

/**
 * A store that keeps everything in memory: for tests, and for what may be lost with the process.
 *
 * @example
 * const sender = createSender({ store: createMemoryStore() });
 */
export function createMemoryStore(): SenderStore {
  const endpoints = new Map<string, EndpointRecord>();
  const events = new Map<string, EventRecord>();
  const deliveries = new Map<string, DeliveryRecord>();
  const attempts = new Map<string, AttemptRecord[]>();
  const deliveriesOfEvent = new Map<string, string[]>();
  const underWay = new Set<string>();
  const held = new Map<string, Set<string>>();
  const lanes = new Map<string, Lanes>();
  // For each lane, endpoints by what is first due in them. Entries can be stale; they are checked when used.
  const heads: Record<Lane, Heap<Head>> = {
    first: createHeap<Head>(isEarlier),
    retry: createHeap<Head>(isEarlier),
  };
  let sequence = 0;

  function lanesOf(endpointId: string): Lanes {
    let found = lanes.get(endpointId);
    if (!found) {
      found = { first: createHeap(isEarlier), retry: createHeap(isEarlier) };
      lanes.set(endpointId, found);
    }
    return found;
  }

  function enqueue(delivery: DeliveryRecord, dueAtMs: number): void {
    const lane = laneOf(delivery);
    const queue = lanesOf(delivery.endpointId)[lane];
    const waiting = { dueAtMs, sequence: ++sequence, deliveryId: delivery.id };
    queue.push(waiting);
    if (queue.peek() === waiting) heads[lane].push({ ...waiting, endpointId: delivery.endpointId });
  }

  function keep(delivery: DeliveryRecord): void {
    const before = deliveries.get(delivery.id);
    deliveries.set(delivery.id, delivery);
    if (before?.status === 'attempting') underWay.delete(delivery.id);
    if (before?.status === 'held') held.get(delivery.endpointId)?.delete(delivery.id);
    if (delivery.status === 'attempting') underWay.add(delivery.id);
    if (delivery.status === 'scheduled' && delivery.dueAtMs !== null) enqueue(delivery, delivery.dueAtMs);
    if (delivery.status === 'held') {
      const ids = held.get(delivery.endpointId) ?? new Set();
      held.set(delivery.endpointId, ids.add(delivery.id));
    }
  }

  function insert(delivery: DeliveryRecord): void {
    const ids = deliveriesOfEvent.get(delivery.eventId);
    if (ids) ids.push(delivery.id);
    else deliveriesOfEvent.set(delivery.eventId, [delivery.id]);
    keep(delivery);
  }

  function keepAttempt(attempt: AttemptRecord): void {
    const list = attempts.get(attempt.deliveryId);
    if (list) list[attempt.number - 1] = attempt;
    else attempts.set(attempt.deliveryId, [attempt]);
  }

  function apply(deliveryId: string, transition: Transition): Change | undefined {
    const delivery = deliveries.get(deliveryId);
    if (!delivery) return undefined;
    const endpoint = endpoints.get(delivery.endpointId);
    const attempt = attempts.get(deliveryId)?.[delivery.attempts - 1];
    const change = transition({ delivery, endpoint, attempt });
    if (!change) return undefined;
    if (change.delivery !== delivery) keep(change.delivery);
    if (change.endpoint && change.endpoint !== endpoint) endpoints.set(change.endpoint.id, change.endpoint);
    if (change.attempt && change.attempt !== attempt) keepAttempt(change.attempt);
    return change;
  }

  /** Whether an entry still stands for a delivery that waits as it says. */
  function isCurrent({ deliveryId, dueAtMs }: Waiting, lane: Lane): boolean {
    const delivery = deliveries.get(deliveryId);
    return delivery?.status === 'scheduled' && delivery.dueAtMs === dueAtMs && laneOf(delivery) === lane;
  }

  /** The first that waits in a queue, without what is stale before it. */
  function firstOf(queue: Heap<Waiting>, lane: Lane): Waiting | undefined {
    for (let first = queue.peek(); first; first = queue.peek()) {
      if (isCurrent(first, lane)) return first;
      queue.pop();
    }
    return undefined;
  }

  /** The head that is first due in a lane, without what is stale before it. */
  function firstHead(lane: Lane): Head | undefined {
    for (let head = heads[lane].peek(); head; head = heads[lane].peek()) {
      const first = firstOf(lanesOf(head.endpointId)[lane], lane);
      if (first?.deliveryId === head.deliveryId && first.dueAtMs === head.dueAtMs) return head;
      heads[lane].pop();
      if (first) heads[lane].push({ ...first, endpointId: head.endpointId });
    }
    return undefined;
  }

  function claimed(deliveryId: string, begin: Transition): Claim | undefined {
    const change = apply(deliveryId, begin);
    if (change?.delivery.status !== 'attempting') return undefined;
    const endpoint = endpoints.get(change.delivery.endpointId);
    const event = events.get(change.delivery.eventId);
    return endpoint && event && { delivery: change.delivery, endpoint, event };
  }

  return {
    exclusive: true,
    async insertEndpoint(endpoint) {
      endpoints.set(endpoint.id, endpoint);
    },
    async getEndpoint(id) {
      return endpoints.get(id);
    },
    async listEndpoints({ accountId, ...rest }) {
      return page(
        endpoints.values(),
        (each) => accountId === undefined || each.accountId === accountId,
        rest,
      );
    },
    async updateEndpoint(id, change) {
      const endpoint = endpoints.get(id);
      if (!endpoint) return undefined;
      const changed = change(endpoint);
      endpoints.set(id, changed);
      return changed;
    },
    async deleteEndpoint(id, change) {
      if (!endpoints.delete(id)) return false;
      for (const delivery of [...deliveries.values()]) {
        if (delivery.endpointId === id) apply(delivery.id, change);
      }
      lanes.delete(id);
      return true;
    },
    async pendingNotices() {
      return [...endpoints.values()].filter(({ noticePending }) => noticePending);
    },
    async release(endpointId, change) {
      const ids = [...(held.get(endpointId) ?? [])];
      return ids.filter((id) => apply(id, change)).length;
    },
    async publish(event, toDelivery) {
      if (events.has(event.id)) {
        const ids = deliveriesOfEvent.get(event.id) ?? [];
        return { created: false, deliveries: ids.map((id) => deliveries.get(id) as DeliveryRecord) };
      }
      events.set(event.id, event);
      const made: DeliveryRecord[] = [];
      for (const endpoint of endpoints.values()) {
        const delivery = hears(endpoint, event) ? toDelivery(endpoint) : undefined;
        if (!delivery) continue;
        insert(delivery);
        made.push(delivery);
      }
      return { created: true, deliveries: made };
    },
    async insertDelivery({ delivery, event, attempt }) {
      if (event) events.set(event.id, event);
      if (attempt) keepAttempt(attempt);
      insert(delivery);
    },
    async getDelivery(id) {
      const delivery = deliveries.get(id);
      const event = delivery && events.get(delivery.eventId);
      return event && { delivery, event, attempts: [...(attempts.get(id) ?? [])] };
    },
    async listDeliveries({ accountId, endpointId, status, eventType, ...rest }) {
      const wanted = (each: DeliveryRecord): boolean =>
        (accountId === undefined || endpoints.get(each.endpointId)?.accountId === accountId) &&
        (endpointId === undefined || each.endpointId === endpointId) &&
        (status === undefined || each.status === status) &&
        (eventType === undefined || each.eventType === eventType);
      return page(deliveries.values(), wanted, rest);
    },
    async claim({ lane, nowMs, limit, capacityOf, begin }) {
      const claims: Claim[] = [];
      const full: Head[] = [];
      for (let head = firstHead(lane); head && head.dueAtMs <= nowMs; head = firstHead(lane)) {
        if (claims.length >= limit) break;
        heads[lane].pop();
        const { endpointId } = head;
        const queue = lanesOf(endpointId)[lane];
        const capacity = Math.min(capacityOf(endpointId), limit - claims.length);
        let taken = 0;
        let first = firstOf(queue, lane);
        while (first && first.dueAtMs <= nowMs && taken < capacity) {
          queue.pop();
          const claim = claimed(first.deliveryId, begin);
          if (claim) {
            claims.push(claim);
            taken += 1;
          }
          first = firstOf(queue, lane);
        }
        if (first) full.push({ ...first, endpointId });
      }
      for (const head of full) heads[lane].push(head);
      return claims;
    },
    async settle(settlements) {
      for (const { deliveryId, change } of settlements) apply(deliveryId, change);
    },
    async expire(nowMs, change) {
      const over = [...underWay].filter((id) => (deliveries.get(id)?.leaseUntilMs ?? 0) <= nowMs);
      return over.filter((id) => apply(id, change)).length;
    },
    async nextAlarmMs() {
      const times = [firstHead('first')?.dueAtMs, firstHead('retry')?.dueAtMs];
      for (const id of underWay) times.push(deliveries.get(id)?.leaseUntilMs ?? undefined);
      const known = times.filter((time) => time !== undefined);
      return known.length === 0 ? undefined : Math.min(...known);
    },
    async prune({ beforeMs, keep: most, limit }) {
      const over = [...deliveries.values()].filter(({ status }) =>
        ['succeeded', 'failed', 'cancelled'].includes(status),
      );
      const excess = Math.max(0, over.length - most);
      const gone = over
        .filter(({ createdAtMs }, index) => index < excess || createdAtMs < beforeMs)
        .slice(0, limit);
      for (const { id, eventId } of gone) {
        deliveries.delete(id);
        attempts.delete(id);
        const ids = (deliveriesOfEvent.get(eventId) ?? []).filter((each) => each !== id);
        deliveriesOfEvent.set(eventId, ids);
        if (ids.length > 0) continue;
        deliveriesOfEvent.delete(eventId);
        events.delete(eventId);
      }
      return gone.length;
    },
    async close() {
      // Nothing is held open.
    },
  };
}
