import {
  classOf,
  isSubscribed,
  laneOf,
  ownerOf,
  type AttemptRecord,
  type Change,
  type DeliveryRecord,
  type EndpointRecord,
  type EventRecord,
  type IdempotencyRecord,
  type Lane,
  type Transition,
} from '../../records.js';
import {
  maxEndpointsPerStep,
  type Claim,
  type ClaimBatch,
  type ClaimRequest,
  type Page,
  type PageRequest,
  type PruneRule,
  type PublishStep,
  type SenderStore,
} from '../store.js';
import { createHeap, type Heap } from './heap.js';
import { createChunkedSequence } from './chunked-sequence.js';
import { createShardedMap } from './sharded-map.js';
import { claimInTurns, createTurns, type Turns } from '../turns.js';
import { createUsage, exceeds, heldDueAtMs } from '../usage.js';

/** A place where a delivery waits, or waited: one that has moved on leaves its entry behind. */
interface Waiting {
  readonly dueAtMs: number;
  readonly sequence: number;
  readonly deliveryId: string;
}

/** What waits for one endpoint, by lane. */
interface Lanes extends Record<Lane, Heap<Waiting>> {
  /** Kept beyond the endpoint's deletion. */
  readonly ownerId: string;
}

/** An event that has not reached all of its endpoints yet. */
interface FanOut {
  readonly event: EventRecord;
  /** The endpoints of then, by id. */
  readonly audience: readonly string[];
  /** How many of them are done. */
  done: number;
  /** The deliveries that were made, by id. */
  readonly made: string[];
}

/** As many deliveries as one step of `rebase` goes through. */
const deliveriesPerRebase = 10_000;

/** One entry of a pass of pruning: it may be forgotten, or it is looked at only. */
type Visit = (rule: PruneRule) => boolean;

/** Entries looked at in one step of pruning. */
const maxVisits = 1_000;

/** About what an attempt takes beyond its texts. */
const attemptOverheadBytes = 500;

function textLength(texts: Readonly<Record<string, string>> | null | undefined): number {
  let length = 0;
  for (const name in texts) length += name.length + (texts[name]?.length ?? 0);
  return length;
}

function attemptBytes({ url, requestHeaders, result }: AttemptRecord): number {
  const texts = [url, result?.responseBody, result?.error];
  const lengths = [textLength(requestHeaders), textLength(result?.responseHeaders)];
  for (const text of texts) lengths.push(text?.length ?? 0);
  return lengths.reduce((sum, each) => sum + each, attemptOverheadBytes);
}

function isEarlier(a: Waiting, b: Waiting): boolean {
  return a.dueAtMs < b.dueAtMs || (a.dueAtMs === b.dueAtMs && a.sequence < b.sequence);
}

/**
 * A store that keeps everything in memory: for tests, and for what may be lost with the process.
 *
 * @example
 * const sender = createSender({ store: createMemoryStore() });
 */
export function createMemoryStore(): SenderStore {
  const endpoints = new Map<string, EndpointRecord>();
  const events = createShardedMap<EventRecord>();
  const deliveries = createShardedMap<DeliveryRecord>();
  // An id is an account's own.
  const keyOf = (accountId: string, eventId: string): string => `${accountId.length} ${accountId} ${eventId}`;
  const attempts = createShardedMap<AttemptRecord[]>();
  const deliveriesOfEvent = createShardedMap<string[]>();
  // Of events that no endpoint was subscribed to.
  const unheard = createChunkedSequence<string>();
  const usage = createUsage();
  const heldOf = new Map<string, number>();
  const keys = new Map<string, IdempotencyRecord>();
  const keysOf = new Map<string, number>();
  // Where pruning goes on, and the last place at which it found a delivery that was too old.
  let pass: Iterator<Visit> | undefined;
  let expiredPlace = 0;
  const deliveriesInOrder = createChunkedSequence<string>();
  // By id, of endpoints and deliveries: the place in the order they were made in, which is what cursors count.
  const places = createShardedMap<number>();
  const underWay = new Set<string>();
  const lanes = new Map<string, Lanes>();
  const turns: Record<Lane, Turns> = { first: createTurns(), retry: createTurns() };
  /** By account, the ids of its endpoints, in the order they were made in. */
  const endpointsOf = new Map<string, Set<string>>();
  const fanOuts = new Map<string, FanOut>();
  let sequence = 0;

  function lanesOf(endpointId: string): Lanes {
    let found = lanes.get(endpointId);
    if (!found) {
      const ownerId = ownerOf(endpoints.get(endpointId));
      found = { ownerId, first: createHeap(isEarlier), retry: createHeap(isEarlier) };
      lanes.set(endpointId, found);
    }
    return found;
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

  function updateTurn(endpointId: string, lane: Lane): void {
    const { ownerId, [lane]: queue } = lanesOf(endpointId);
    turns[lane].set(ownerId, endpointId, firstOf(queue, lane)?.dueAtMs);
  }

  function enqueue(delivery: DeliveryRecord, dueAtMs: number): void {
    // What is due at the same time goes in the order it was made in.
    const waiting = { dueAtMs, sequence: places.get(delivery.id) ?? 0, deliveryId: delivery.id };
    lanesOf(delivery.endpointId)[laneOf(delivery)].push(waiting);
  }

  function bytesOf({ id, accountId, eventId }: DeliveryRecord): number {
    const body = events.get(keyOf(accountId, eventId))?.body.length ?? 0;
    return (attempts.get(id) ?? []).reduce((sum, attempt) => sum + attemptBytes(attempt), body);
  }

  /** Counts a delivery in or out. Its attempts do not change while it is counted. */
  function count(delivery: DeliveryRecord, change: 'add' | 'subtract'): void {
    const of = classOf(delivery);
    if (!of) return;
    usage[change](delivery.accountId, of, bytesOf(delivery));
    if (of === 'ended') return;
    const held = (heldOf.get(delivery.endpointId) ?? 0) + (change === 'add' ? 1 : -1);
    if (held === 0) heldOf.delete(delivery.endpointId);
    else heldOf.set(delivery.endpointId, held);
  }

  function keep(delivery: DeliveryRecord, attempt?: AttemptRecord): void {
    const before = deliveries.get(delivery.id);
    if (before) count(before, 'subtract');
    if (attempt) keepAttempt(attempt);
    deliveries.set(delivery.id, delivery);
    count(delivery, 'add');
    if (before?.status === 'attempting') underWay.delete(delivery.id);
    if (delivery.status === 'attempting') underWay.add(delivery.id);
    // After a claim `serve` does it.
    if (before?.status === 'scheduled' && delivery.status !== 'attempting')
      updateTurn(before.endpointId, laneOf(before));
    if (delivery.status !== 'scheduled' || delivery.dueAtMs === null) return;
    enqueue(delivery, delivery.dueAtMs);
    updateTurn(delivery.endpointId, laneOf(delivery));
  }

  function* inOrder(): Generator<DeliveryRecord> {
    for (const [, id] of deliveriesInOrder.entries()) {
      const delivery = deliveries.get(id);
      if (delivery) yield delivery;
    }
  }

  /** Newest first. */
  function page<Item extends { readonly id: string }>(
    items: Iterable<Item>,
    wanted: (item: Item) => boolean,
    { cursor, limit }: PageRequest,
  ): Page<Item> {
    const place = ({ id }: Item): number => places.get(id) ?? 0;
    const before = cursor === undefined ? Infinity : Number(cursor);
    const rest = [...items].reverse().filter((item) => place(item) < before && wanted(item));
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    return { items: page, nextCursor: rest.length > limit && last ? String(place(last)) : undefined };
  }

  function forget(delivery: DeliveryRecord): void {
    const { id, accountId, eventId } = delivery;
    const key = keyOf(accountId, eventId);
    count(delivery, 'subtract');
    deliveries.delete(id);
    deliveriesInOrder.delete(places.get(id) ?? 0);
    attempts.delete(id);
    places.delete(id);
    const siblings = deliveriesOfEvent.get(key) ?? [];
    siblings.splice(siblings.indexOf(id), 1);
    if (siblings.length > 0) return;
    deliveriesOfEvent.delete(key);
    events.delete(key);
  }

  function insert(delivery: DeliveryRecord): void {
    places.set(delivery.id, ++sequence);
    deliveriesInOrder.set(sequence, delivery.id);
    const key = keyOf(delivery.accountId, delivery.eventId);
    const ids = deliveriesOfEvent.get(key);
    if (ids) ids.push(delivery.id);
    else deliveriesOfEvent.set(key, [delivery.id]);
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
    if (change.delivery !== delivery || change.attempt !== attempt) keep(change.delivery, change.attempt);
    if (change.endpoint && change.endpoint !== endpoint) endpoints.set(change.endpoint.id, change.endpoint);
    return change;
  }

  function claimed(deliveryId: string, begin: Transition): Claim | undefined {
    const change = apply(deliveryId, begin);
    if (change?.delivery.status !== 'attempting') return undefined;
    const endpoint = endpoints.get(change.delivery.endpointId);
    const event = events.get(keyOf(change.delivery.accountId, change.delivery.eventId));
    return endpoint && event && { delivery: change.delivery, endpoint, event };
  }

  /** Puts the first that are due at an endpoint through `begin`. */
  function serve(endpointId: string, atMost: number, { lane, nowMs, begin }: ClaimRequest): ClaimBatch {
    const queue = lanesOf(endpointId)[lane];
    const claims: Claim[] = [];
    let processed = 0;
    for (let first = firstOf(queue, lane); first && first.dueAtMs <= nowMs; first = firstOf(queue, lane)) {
      if (processed === atMost) break;
      queue.pop();
      const claim = claimed(first.deliveryId, begin);
      processed += 1;
      if (claim) claims.push(claim);
    }
    updateTurn(endpointId, lane);
    return { claims, processed };
  }

  /** The endpoints that may be subscribed to an account's events, by id, in the order they were made in. */
  function audienceOf(accountId: string): readonly string[] {
    const own = endpointsOf.get(accountId);
    const ofNobody = endpointsOf.get(ownerOf(undefined));
    if (!own || !ofNobody) return [...(own ?? ofNobody ?? [])];
    return [...own, ...ofNobody].sort((a, b) => (places.get(a) ?? 0) - (places.get(b) ?? 0));
  }

  /** The deliveries that publishing made, of those that are kept. */
  function automatic(ids: readonly string[]): readonly DeliveryRecord[] {
    return ids
      .map((id) => deliveries.get(id))
      .filter((delivery) => delivery?.kind === 'automatic') as DeliveryRecord[];
  }

  /** Stores an event, or goes on with it, for as many endpoints as one step takes. */
  function publishNext(
    fanOut: FanOut,
    toDelivery: (endpoint: EndpointRecord) => DeliveryRecord | undefined,
  ): PublishStep {
    const { event, audience, made, done } = fanOut;
    const added: DeliveryRecord[] = [];
    for (const id of audience.slice(done, done + maxEndpointsPerStep)) {
      const endpoint = endpoints.get(id);
      const delivery = endpoint && isSubscribed(endpoint, event) ? toDelivery(endpoint) : undefined;
      if (delivery) added.push(delivery);
    }
    const key = keyOf(event.accountId, event.id);
    events.set(key, event);
    added.forEach(insert);
    fanOut.done += maxEndpointsPerStep;
    if (fanOut.done >= audience.length) {
      fanOuts.delete(key);
      if (!deliveriesOfEvent.has(key)) {
        unheard.set(++sequence, key);
        usage.add(event.accountId, 'unheard', event.body.length);
      }
      return { created: true, deliveries: added, next: undefined };
    }
    fanOuts.set(key, fanOut);
    for (const { id } of added) made.push(id);
    return { created: true, deliveries: added, next: made.length };
  }

  /** Whether a held delivery is to be dropped; its endpoint is changed as the rule says. */
  function expires(delivery: DeliveryRecord, rule: PruneRule): boolean {
    const held = usage.get(delivery.accountId, 'held');
    const dueAtMs = heldDueAtMs(delivery.createdAtMs, held, rule);
    if (dueAtMs === undefined) return false;
    const endpoint = endpoints.get(delivery.endpointId);
    if (!endpoint) return true;
    const { endpoint: changed, isDropped } = rule.expireHeld(endpoint, dueAtMs);
    endpoints.set(endpoint.id, changed);
    return isDropped;
  }

  function pruneDelivery(delivery: DeliveryRecord, rule: PruneRule): boolean {
    const of = classOf(delivery);
    if (!of) return false;
    const place = places.get(delivery.id) ?? 0;
    const beforeMs = of === 'held' ? rule.nowMs - rule.heldMs : rule.endedBeforeMs;
    const isExpired = delivery.createdAtMs < beforeMs;
    const isMisdated = delivery.createdAtMs > rule.nowMs && place < expiredPlace;
    if (isExpired) expiredPlace = Math.max(expiredPlace, place);
    const isForgotten =
      of === 'held'
        ? expires(isMisdated ? { ...delivery, createdAtMs: 0 } : delivery, rule)
        : isExpired || isMisdated || exceeds(usage.get(delivery.accountId, of), rule);
    if (isForgotten) forget(delivery);
    return isForgotten;
  }

  function forgetUnheard(place: number, key: string): void {
    const event = events.get(key);
    unheard.delete(place);
    events.delete(key);
    if (event) usage.subtract(event.accountId, 'unheard', event.body.length);
  }

  function pruneUnheard(place: number, key: string, rule: PruneRule): boolean {
    const event = events.get(key);
    const isForgotten =
      !event ||
      event.createdAtMs < rule.endedBeforeMs ||
      exceeds(usage.get(event.accountId, 'unheard'), rule);
    if (isForgotten) forgetUnheard(place, key);
    return isForgotten;
  }

  function forgetKey(id: string, accountId: string): void {
    keys.delete(id);
    const count = (keysOf.get(accountId) ?? 1) - 1;
    if (count === 0) keysOf.delete(accountId);
    else keysOf.set(accountId, count);
  }

  /** All that may be forgotten, in order of creation. */
  function* visits(): Generator<Visit> {
    for (const delivery of inOrder()) yield (rule) => pruneDelivery(delivery, rule);
    for (const [place, key] of unheard.entries()) yield (rule) => pruneUnheard(place, key, rule);
    for (const [id, { accountId, begunAtMs }] of keys) {
      yield (rule) => {
        const isForgotten = begunAtMs < rule.keysBeforeMs;
        if (isForgotten) forgetKey(id, accountId);
        return isForgotten;
      };
    }
  }

  return {
    exclusive: true,
    async insertEndpoint(endpoint, maxOfAccount = Infinity) {
      const owner = ownerOf(endpoint);
      const own = endpointsOf.get(owner) ?? new Set();
      if (own.size >= maxOfAccount) return false;
      places.set(endpoint.id, ++sequence);
      endpoints.set(endpoint.id, endpoint);
      endpointsOf.set(owner, own.add(endpoint.id));
      return true;
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
      const owner = ownerOf(endpoints.get(id));
      if (!endpoints.delete(id)) return false;
      endpointsOf.get(owner)?.delete(id);
      if (endpointsOf.get(owner)?.size === 0) endpointsOf.delete(owner);
      for (const delivery of [...inOrder()]) {
        const waits = delivery.status === 'scheduled' || delivery.status === 'held';
        if (waits && delivery.endpointId === id) apply(delivery.id, change);
      }
      lanes.delete(id);
      places.delete(id);
      return true;
    },
    async pendingDisabledNotifications() {
      return [...endpoints.values()].filter(({ disabledNotificationPending }) => disabledNotificationPending);
    },
    async pendingHeldNotifications() {
      return [...endpoints.values()]
        .filter(({ heldNotificationPending }) => heldNotificationPending)
        .map((endpoint) => ({ endpoint, deliveries: heldOf.get(endpoint.id) ?? 0 }));
    },
    async changeWaiting({ endpointId, statuses, limit, change }) {
      const waiting: string[] = [];
      for (const { id, endpointId: at, status } of inOrder()) {
        if (at !== endpointId || !statuses.some((each) => each === status)) continue;
        if (waiting.push(id) === limit) break;
      }
      return waiting.filter((id) => apply(id, change)).length;
    },
    async publish(event, toDelivery, position = 0) {
      const key = keyOf(event.accountId, event.id);
      const fanOut = fanOuts.get(key);
      if (fanOut && position >= fanOut.made.length) return publishNext(fanOut, toDelivery);
      if (fanOut || events.has(key)) {
        const made = fanOut?.made ?? deliveriesOfEvent.get(key) ?? [];
        return { created: false, deliveries: automatic(made.slice(position)), next: fanOut?.made.length };
      }
      return publishNext({ event, audience: audienceOf(event.accountId), done: 0, made: [] }, toDelivery);
    },
    async unfinishedEvents() {
      return [...fanOuts.values()].map(({ event }) => event);
    },
    async insertDelivery({ delivery, event, attempt }) {
      const key = keyOf(delivery.accountId, delivery.eventId);
      if (event) events.set(key, event);
      else if (!events.has(key)) return false;
      if (attempt) keepAttempt(attempt);
      insert(delivery);
      return true;
    },
    async getDelivery(id) {
      const delivery = deliveries.get(id);
      const event = delivery && events.get(keyOf(delivery.accountId, delivery.eventId));
      return event && { delivery, event, attempts: [...(attempts.get(id) ?? [])] };
    },
    async listDeliveries({ endpointId, status, eventType, ...rest }) {
      const wanted = (each: DeliveryRecord): boolean =>
        (endpointId === undefined || each.endpointId === endpointId) &&
        (status === undefined || each.status === status) &&
        (eventType === undefined || each.eventType === eventType);
      return page(inOrder(), wanted, rest);
    },
    async claim(request) {
      return claimInTurns(turns[request.lane], request, (endpointId, atMost) =>
        serve(endpointId, atMost, request),
      );
    },
    async settle(settlements) {
      for (const { deliveryId, change } of settlements) apply(deliveryId, change);
    },
    async expire(nowMs, change) {
      const over: string[] = [];
      for (const id of underWay) {
        if ((deliveries.get(id)?.leaseUntilMs ?? 0) <= nowMs) over.push(id);
      }
      return over.filter((id) => apply(id, change)).length;
    },
    async nextAlarmMs(afterMs) {
      const times = [turns.first.nextDueMs(afterMs), turns.retry.nextDueMs(afterMs)];
      for (const id of underWay) times.push(deliveries.get(id)?.leaseUntilMs ?? undefined);
      const later = times.filter((time) => time !== undefined && time > afterMs) as number[];
      return later.length === 0 ? undefined : Math.min(...later);
    },
    async rebase({ nowMs, byMs, position = 0 }) {
      const earlier = (timeMs: number | null): number | null =>
        timeMs !== null && timeMs > nowMs ? Math.max(nowMs, timeMs - byMs) : timeMs;
      let seen = 0;
      for (const [place, id] of deliveriesInOrder.entries(position)) {
        if (seen === deliveriesPerRebase) return place - 1;
        seen += 1;
        const delivery = deliveries.get(id);
        if (!delivery) continue;
        const dueAtMs = earlier(delivery.dueAtMs);
        const leaseUntilMs = earlier(delivery.leaseUntilMs);
        if (dueAtMs !== delivery.dueAtMs || leaseUntilMs !== delivery.leaseUntilMs) {
          keep({ ...delivery, dueAtMs, leaseUntilMs });
        }
      }
      return undefined;
    },
    async prune(rule) {
      let forgotten = 0;
      for (let visited = 0; visited < maxVisits && forgotten < rule.limit; visited += 1) {
        const next = (pass ??= visits()).next();
        if (next.done === true) {
          pass = undefined;
          return { forgotten, isComplete: true };
        }
        if (next.value(rule)) forgotten += 1;
      }
      return { forgotten, isComplete: false };
    },
    async claimIdempotencyKey(record, { beforeMs, abandonedMs, limit }) {
      const { accountId, key } = record;
      const id = JSON.stringify([accountId, key]);
      const taken = keys.get(id);
      const isFree = !taken || taken.begunAtMs < beforeMs;
      const isAbandoned =
        taken && (taken.isAbandoned || (taken.response === null && taken.begunAtMs < abandonedMs));
      if (!isFree && !(isAbandoned && taken.fingerprint === record.fingerprint)) {
        return { status: 'taken', record: taken };
      }
      if (!taken && (keysOf.get(accountId) ?? 0) >= limit) return { status: 'full' };
      if (taken) forgetKey(id, accountId);
      const claimed = isFree ? record : { ...record, resourceId: taken.resourceId };
      keys.set(id, claimed);
      keysOf.set(accountId, (keysOf.get(accountId) ?? 0) + 1);
      return { status: 'claimed', record: claimed };
    },
    async storeResponse({ accountId, key, begunAtMs }, outcome) {
      const id = JSON.stringify([accountId, key]);
      const mine = keys.get(id);
      if (mine?.begunAtMs !== begunAtMs) return;
      if (outcome === 'released') forgetKey(id, accountId);
      else if (outcome === 'abandoned') keys.set(id, { ...mine, isAbandoned: true });
      else keys.set(id, { ...mine, response: outcome });
    },
    async close() {
      // Nothing is held open.
    },
  };
}
