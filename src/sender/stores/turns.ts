import { maxTransitionsPerClaim, type Claim, type ClaimBatch, type ClaimRequest } from './store.js';
import { createHeap } from './memory/heap.js';

/** As many deliveries as an endpoint is served before the next account's turn. */
const deliveriesPerTurn = 8;

/** The deliveries of one endpoint that wait in a lane. */
interface Queue {
  readonly ownerId: string;
  readonly endpointId: string;
  /** When the first of them is due. */
  dueAtMs: number;
  /** Whether it is in its account's ring. */
  isListed: boolean;
}

/** An account that has something due. */
interface Owner {
  readonly id: string;
  readonly ring: Fifo<Queue>;
}

/** A queue that was not due when it was added. */
interface Later {
  readonly dueAtMs: number;
  readonly queue: Queue;
}

/** First in, first out, in constant time. */
interface Fifo<Item> {
  readonly size: number;
  push(item: Item): void;
  shift(): Item | undefined;
}

function createFifo<Item>(): Fifo<Item> {
  let items: Item[] = [];
  let head = 0;
  return {
    get size() {
      return items.length - head;
    },
    push(item) {
      items.push(item);
    },
    shift() {
      const item = items[head];
      if (head < items.length) head += 1;
      if (head > 64 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}

/**
 * Whose turn it is in a lane: accounts that have something due take turns, and within an account its endpoints do.
 * It knows when the first delivery of each endpoint is due, and not the deliveries themselves.
 */
export interface Turns {
  /** Sets when the first delivery of an endpoint is due; undefined if none waits. */
  set(ownerId: string, endpointId: string, dueAtMs: number | undefined): void;
  /** Whether something may be due. */
  hasDue(nowMs: number): boolean;
  /** The earliest due time after a time. */
  nextDueMs(afterMs: number): number | undefined;
  /** Visits endpoints that have something due, in turn, until each was passed over or the visitor has enough. */
  each(nowMs: number, visitor: Visitor): void;
}

/** Who serves endpoints in turn. */
interface Visitor {
  hasEnough(): boolean;
  hasRoomFor(ownerId: string): boolean;
  /** Serves an endpoint, and calls `set` if it did. Returns how many deliveries it processed. */
  visit(ownerId: string, endpointId: string): number;
}

export function createTurns(): Turns {
  const queues = new Map<string, Queue>();
  let owners = new Map<string, Owner>();
  let ring = createFifo<Owner>();
  const isEarlier = (a: Later, b: Later): boolean => a.dueAtMs < b.dueAtMs;
  let later = createHeap(isEarlier);
  /** What is due by then is in the rings. */
  let promotedToMs = Number.NEGATIVE_INFINITY;
  /** In no ring while it is served. */
  let served: Queue | undefined;

  function list(queue: Queue): void {
    let owner = owners.get(queue.ownerId);
    if (!owner) {
      owner = { id: queue.ownerId, ring: createFifo() };
      owners.set(owner.id, owner);
      ring.push(owner);
    }
    queue.isListed = true;
    owner.ring.push(queue);
  }

  function add(queue: Queue): void {
    if (queue.dueAtMs <= promotedToMs) list(queue);
    else later.push({ dueAtMs: queue.dueAtMs, queue });
  }

  const isCurrent = (queue: Queue): boolean => queues.get(queue.endpointId) === queue;

  /** The first that is not due yet, without stale entries before it. */
  function firstLater(): Later | undefined {
    for (let first = later.peek(); first; first = later.peek()) {
      const { queue, dueAtMs } = first;
      if (isCurrent(queue) && !queue.isListed && queue.dueAtMs === dueAtMs) return first;
      later.pop();
    }
    return undefined;
  }

  /** After the clock was set back, what was due may not be due any more. */
  function rebuild(nowMs: number): void {
    owners = new Map();
    ring = createFifo();
    later = createHeap(isEarlier);
    promotedToMs = nowMs;
    for (const queue of queues.values()) {
      queue.isListed = false;
      add(queue);
    }
  }

  function promote(nowMs: number): void {
    if (nowMs < promotedToMs) rebuild(nowMs);
    promotedToMs = nowMs;
    for (let first = firstLater(); first && first.dueAtMs <= nowMs; first = firstLater()) {
      later.pop();
      list(first.queue);
    }
  }

  /** One turn of an account: its endpoints are offered until one is served. Returns how many deliveries were. */
  function serve(owner: Owner, visitor: Visitor): number {
    if (!visitor.hasRoomFor(owner.id)) return 0;
    for (let left = owner.ring.size; left > 0; left -= 1) {
      const queue = owner.ring.shift();
      if (!queue?.isListed || !isCurrent(queue)) continue;
      queue.isListed = false;
      served = queue;
      const processed = visitor.visit(owner.id, queue.endpointId);
      served = undefined;
      if (isCurrent(queue)) add(queue);
      if (processed > 0) return processed;
    }
    return 0;
  }

  return {
    set(ownerId, endpointId, dueAtMs) {
      const queue = queues.get(endpointId);
      if (dueAtMs === undefined) {
        queues.delete(endpointId);
      } else if (!queue) {
        const added = { ownerId, endpointId, dueAtMs, isListed: false };
        queues.set(endpointId, added);
        add(added);
      } else if (queue.dueAtMs !== dueAtMs) {
        queue.dueAtMs = dueAtMs;
        // One that is not due any more leaves its ring: a stale place in it is skipped.
        if (queue.isListed && dueAtMs > promotedToMs) queue.isListed = false;
        if (!queue.isListed && queue !== served) add(queue);
      }
    },
    hasDue(nowMs) {
      promote(nowMs);
      return ring.size > 0;
    },
    nextDueMs(afterMs) {
      promote(afterMs);
      return firstLater()?.dueAtMs;
    },
    each(nowMs, visitor) {
      promote(nowMs);
      for (let passedOver = 0; passedOver < ring.size && !visitor.hasEnough();) {
        const owner = ring.shift();
        if (!owner) return;
        if (serve(owner, visitor) > 0) passedOver = 0;
        else if (owner.ring.size > 0) passedOver += 1;
        if (owner.ring.size > 0) ring.push(owner);
        else owners.delete(owner.id);
      }
    },
  };
}

/**
 * Claims deliveries in turns, within the limits of the request. `serve` puts at most so many due deliveries of an
 * endpoint through `begin`, and then sets in `turns` when the endpoint's next one is due.
 */
export function claimInTurns(
  turns: Turns,
  request: ClaimRequest,
  serve: (endpointId: string, atMost: number) => ClaimBatch,
): ClaimBatch {
  const claims: Claim[] = [];
  const ofAccounts = new Map<string, number>();
  const ofEndpoints = new Map<string, number>();
  let processed = 0;
  const accountRoom = (ownerId: string): number =>
    request.accountCapacityOf(ownerId) - (ofAccounts.get(ownerId) ?? 0);
  const endpointRoom = (endpointId: string): number =>
    request.capacityOf(endpointId) - (ofEndpoints.get(endpointId) ?? 0);

  turns.each(request.nowMs, {
    hasEnough: () => claims.length >= request.limit || processed >= claims.length + maxTransitionsPerClaim,
    hasRoomFor: (ownerId) => accountRoom(ownerId) > 0,
    visit(ownerId, endpointId) {
      const free = Math.min(request.limit - claims.length, accountRoom(ownerId), endpointRoom(endpointId));
      if (free <= 0) return 0;
      const served = serve(endpointId, Math.min(free, deliveriesPerTurn));
      for (const claim of served.claims) claims.push(claim);
      const count = served.claims.length;
      ofAccounts.set(ownerId, (ofAccounts.get(ownerId) ?? 0) + count);
      ofEndpoints.set(endpointId, (ofEndpoints.get(endpointId) ?? 0) + count);
      processed += served.processed;
      return served.processed;
    },
  });
  return { claims, processed };
}
