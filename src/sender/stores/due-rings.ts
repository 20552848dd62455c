import { createFifo, type Fifo } from './fifo.js';

/** The deliveries of one endpoint that wait in a lane. */
export interface Queue {
  readonly ownerId: string;
  readonly endpointId: string;
  /** When the first of them is due; undefined once none waits. */
  dueAtMs: number | undefined;
  /** Undefined while the endpoint is served, and once nothing waits. */
  place: Place | undefined;
}

/** A place in a ring, or in the heap of queues that are not due yet. It is stale once its queue has another one. */
export interface Place {
  readonly queue: Queue;
  readonly dueAtMs: number;
}

/** An account that may have something due, with the places of its endpoints in the order of their turns. */
export interface DueOwner {
  readonly id: string;
  readonly places: Fifo<Place>;
}

/** The accounts that may have something due, in the order of their turns. */
export interface DueRings {
  readonly isEmpty: boolean;
  add(place: Place): void;
  /**
   * Gives accounts their turns until `hasEnough` returns true or all of them, one after the other, had nothing to
   * serve. `serve` takes one turn of an account and returns whether it served something.
   */
  each(hasEnough: () => boolean, serve: (owner: DueOwner) => boolean): void;
}

/** Whether a place is still the current one of its queue. */
export function isCurrent(place: Place): boolean {
  return place.queue.place === place;
}

export function createDueRings(): DueRings {
  const owners = new Map<string, DueOwner>();
  const ring = createFifo<DueOwner>();

  function addOwner(id: string): DueOwner {
    const owner = { id, places: createFifo<Place>() };
    owners.set(id, owner);
    ring.push(owner);
    return owner;
  }

  return {
    get isEmpty() {
      return ring.size === 0;
    },
    add(place) {
      const { ownerId } = place.queue;
      (owners.get(ownerId) ?? addOwner(ownerId)).places.push(place);
    },
    each(hasEnough, serve) {
      for (let passedOver = 0; passedOver < ring.size && !hasEnough();) {
        const owner = ring.shift();
        if (!owner) return;
        if (serve(owner)) passedOver = 0;
        else if (owner.places.size > 0) passedOver += 1;
        if (owner.places.size > 0) ring.push(owner);
        else owners.delete(owner.id);
      }
    },
  };
}
