import type { Lane } from '../records.js';

/** The maximum number of requests in flight. */
export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerAccount: number;
  readonly maxInFlightPerEndpoint: number;
}

/** The slot of one request. A ping counts for its account, not for its endpoint. */
export type Slot =
  | { readonly kind: Lane; readonly ownerId: string; readonly endpointId: string }
  | { readonly kind: 'ping'; readonly ownerId: string };

type Counts = Record<Slot['kind'], number>;

const none: Readonly<Counts> = { first: 0, retry: 0, ping: 0 };

function total({ first, retry, ping }: Readonly<Counts>): number {
  return first + retry + ping;
}

/** Retries have at most half of all slots, so that neither lane starves. */
function freeSlots(lane: Lane, limit: number, taken: Readonly<Counts>): number {
  const free = limit - total(taken);
  return lane === 'retry' ? Math.min(free, Math.ceil(limit / 2) - taken.retry) : free;
}

/** Keeps an entry only while its counts are not all zero. */
function add(countsById: Map<string, Counts>, id: string, kind: Slot['kind'], change: 1 | -1): void {
  const counts = countsById.get(id) ?? { ...none };
  counts[kind] += change;
  if (total(counts) === 0) countsById.delete(id);
  else countsById.set(id, counts);
}

/** Counts requests in flight: in total, per account and per endpoint. */
export class InFlight {
  private readonly all: Counts = { ...none };
  private readonly byAccount = new Map<string, Counts>();
  private readonly byEndpoint = new Map<string, Counts>();

  constructor(private readonly limits: InFlightLimits) {}

  capacity(lane: Lane): number {
    return freeSlots(lane, this.limits.maxInFlight, this.all);
  }

  accountCapacity(lane: Lane, ownerId: string): number {
    return freeSlots(lane, this.limits.maxInFlightPerAccount, this.byAccount.get(ownerId) ?? none);
  }

  endpointCapacity(lane: Lane, endpointId: string): number {
    return freeSlots(lane, this.limits.maxInFlightPerEndpoint, this.byEndpoint.get(endpointId) ?? none);
  }

  acquire(slot: Slot): void {
    this.add(slot, 1);
  }

  release(slot: Slot): void {
    this.add(slot, -1);
  }

  private add(slot: Slot, change: 1 | -1): void {
    this.all[slot.kind] += change;
    add(this.byAccount, slot.ownerId, slot.kind, change);
    if (slot.kind !== 'ping') add(this.byEndpoint, slot.endpointId, slot.kind, change);
  }
}
