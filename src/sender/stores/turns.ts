import {
  createDueRings,
  isCurrent,
  type DueOwner,
  type DueRings,
  type Place,
  type Queue,
} from './due-rings.js';
import { createHeap } from './heap.js';
import { maxTransitionsPerClaim, type Claim, type ClaimBatch, type ClaimRequest } from './store.js';

/** The most deliveries of an endpoint that are claimed before the next account has its turn. */
const deliveriesPerTurn = 8;

/**
 * Decides whose turn it is in a lane: accounts that have something due take turns, and within an account its
 * endpoints do. It knows when the first delivery of each endpoint is due, but not the deliveries themselves.
 */
export interface Turns {
  /** Sets when the first delivery of an endpoint is due; undefined if none waits. */
  set(ownerId: string, endpointId: string, dueAtMs: number | undefined): void;
  /** Whether something may be due. */
  hasDue(nowMs: number): boolean;
  /** The earliest due time after `afterMs`. */
  nextDueMs(afterMs: number): number | undefined;
  /** Visits endpoints that have something due, in turn, until all were passed over or the visitor has enough. */
  each(nowMs: number, visitor: Visitor): void;
}

/** Serves endpoints in turn. */
interface Visitor {
  hasEnough(): boolean;
  hasRoomFor(ownerId: string): boolean;
  /** Serves an endpoint and, if it served something, calls `set`. Returns how many deliveries it processed. */
  visit(ownerId: string, endpointId: string): number;
}

/** The places of queues: in the rings of accounts if they are due, otherwise in a heap. */
interface Places {
  readonly due: DueRings;
  /** Every place that is due by this time is in the rings. */
  readonly promotedToMs: number;
  /** Gives a queue a new place, unless nothing waits in it. */
  add(queue: Queue): void;
  /** Moves places that are due by now from the heap to the rings. */
  promote(nowMs: number): void;
  /** The earliest due time that was not reached by the last `promote`. */
  nextDueMs(): number | undefined;
}

function createPlaces(promotedToMs: number): Places {
  const due = createDueRings();
  const later = createHeap<Place>((a, b) => a.dueAtMs < b.dueAtMs);

  /** The earliest current place; removes stale ones before it. */
  function firstLater(): Place | undefined {
    for (let first = later.peek(); first; first = later.peek()) {
      if (isCurrent(first)) return first;
      later.pop();
    }
    return undefined;
  }

  return {
    due,
    get promotedToMs() {
      return promotedToMs;
    },
    add(queue) {
      if (queue.dueAtMs === undefined) return;
      const place = { queue, dueAtMs: queue.dueAtMs };
      queue.place = place;
      if (place.dueAtMs <= promotedToMs) due.add(place);
      else later.push(place);
    },
    promote(nowMs) {
      promotedToMs = nowMs;
      for (let first = firstLater(); first && first.dueAtMs <= nowMs; first = firstLater()) {
        later.pop();
        due.add(first);
      }
    },
    nextDueMs: () => firstLater()?.dueAtMs,
  };
}

/** One turn of an account: offers its endpoints to the visitor until it serves one. Returns whether it did. */
function serve(owner: DueOwner, visitor: Visitor, places: Places): boolean {
  if (!visitor.hasRoomFor(owner.id)) return false;
  for (let left = owner.places.size; left > 0; left -= 1) {
    const place = owner.places.shift();
    if (!place || !isCurrent(place)) continue;
    const { queue } = place;
    queue.place = undefined;
    const processed = visitor.visit(owner.id, queue.endpointId);
    places.add(queue);
    if (processed > 0) return true;
  }
  return false;
}

export function createTurns(): Turns {
  const queues = new Map<string, Queue>();
  let places = createPlaces(Number.NEGATIVE_INFINITY);

  function promote(nowMs: number): void {
    if (nowMs < places.promotedToMs) {
      // The clock was set back: places that were due may not be due any more.
      places = createPlaces(nowMs);
      for (const queue of queues.values()) places.add(queue);
    }
    places.promote(nowMs);
  }

  function add(ownerId: string, endpointId: string, dueAtMs: number): void {
    const queue = { ownerId, endpointId, dueAtMs, place: undefined };
    queues.set(endpointId, queue);
    places.add(queue);
  }

  function remove(queue: Queue): void {
    queue.dueAtMs = undefined;
    queue.place = undefined;
    queues.delete(queue.endpointId);
  }

  function move(queue: Queue, dueAtMs: number): void {
    queue.dueAtMs = dueAtMs;
    // While an endpoint is served, it has no place: `serve` gives it one afterwards.
    if (!queue.place) return;
    const keepsPlace = queue.place.dueAtMs <= places.promotedToMs && dueAtMs <= places.promotedToMs;
    if (!keepsPlace) places.add(queue);
  }

  return {
    set(ownerId, endpointId, dueAtMs) {
      const queue = queues.get(endpointId);
      if (dueAtMs === undefined) {
        if (queue) remove(queue);
      } else if (!queue) add(ownerId, endpointId, dueAtMs);
      else if (queue.dueAtMs !== dueAtMs) move(queue, dueAtMs);
    },
    hasDue(nowMs) {
      promote(nowMs);
      return !places.due.isEmpty;
    },
    nextDueMs(afterMs) {
      promote(afterMs);
      return places.nextDueMs();
    },
    each(nowMs, visitor) {
      promote(nowMs);
      places.due.each(
        () => visitor.hasEnough(),
        (owner) => serve(owner, visitor, places),
      );
    },
  };
}

/**
 * Claims deliveries in turns, within the limits of the request. `serve` puts at most `atMost` due deliveries of an
 * endpoint through `begin`, and then sets in `turns` when the next delivery of the endpoint is due.
 */
export function claimInTurns(
  turns: Turns,
  request: ClaimRequest,
  serve: (endpointId: string, atMost: number) => ClaimBatch,
): ClaimBatch {
  const claims: Claim[] = [];
  const claimsOfOwner = new Map<string, number>();
  const claimsOfEndpoint = new Map<string, number>();
  let processed = 0;
  const accountRoom = (ownerId: string): number =>
    request.accountCapacityOf(ownerId) - (claimsOfOwner.get(ownerId) ?? 0);
  const endpointRoom = (endpointId: string): number =>
    request.capacityOf(endpointId) - (claimsOfEndpoint.get(endpointId) ?? 0);

  turns.each(request.nowMs, {
    hasEnough: () => claims.length >= request.limit || processed >= claims.length + maxTransitionsPerClaim,
    hasRoomFor: (ownerId) => accountRoom(ownerId) > 0,
    visit(ownerId, endpointId) {
      const room = Math.min(request.limit - claims.length, accountRoom(ownerId), endpointRoom(endpointId));
      if (room <= 0) return 0;
      const batch = serve(endpointId, Math.min(room, deliveriesPerTurn));
      for (const claim of batch.claims) claims.push(claim);
      const count = batch.claims.length;
      claimsOfOwner.set(ownerId, (claimsOfOwner.get(ownerId) ?? 0) + count);
      claimsOfEndpoint.set(endpointId, (claimsOfEndpoint.get(endpointId) ?? 0) + count);
      processed += batch.processed;
      return batch.processed;
    },
  });
  return { claims, processed };
}
