import type { Lane } from '../records.js';
import type { Time } from '../time.js';

/** How many attempts may be under way at once. */
export interface InFlightLimits {
  readonly maxInFlight: number;
  readonly maxInFlightPerAccount: number;
  readonly maxInFlightPerEndpoint: number;
}

/** Whose place it is. */
export interface PlaceOf {
  readonly ownerId: string;
  readonly endpointId: string;
  readonly lane: Lane;
}

/** The places for attempts: what is taken, in all, by account and by endpoint. */
export interface InFlight {
  /** Places that are free in a lane. Retries have half of all at most, so that neither lane starves. */
  room(lane: Lane): number;
  accountRoom(lane: Lane, ownerId: string): number;
  endpointRoom(lane: Lane, endpointId: string): number;
  /** Takes a place. Returns what gives it back. */
  take(place: PlaceOf): () => void;
  /**
   * Takes a place for a ping: at once if there is one, else when one is given back. Undefined if none was within
   * the time, or pings were refused.
   */
  takeForPing(ownerId: string, timeoutMs: number): Promise<(() => void) | undefined>;
  /** Lets pings wait while the free places are given to deliveries. */
  holdPings(): void;
  releasePings(): void;
  /** Sends away the pings that wait. */
  refusePings(): void;
}

/** Places that are taken. */
type Taken = Record<Lane | 'ping', number>;

/** A ping that waits for a place. */
type Waiter = (hasPlace: boolean) => void;

const nothing: Readonly<Taken> = { first: 0, retry: 0, ping: 0 };

function roomOf(lane: Lane, most: number, taken: Readonly<Taken>): number {
  const free = most - taken.first - taken.retry - taken.ping;
  return lane === 'retry' ? Math.min(free, Math.ceil(most / 2) - taken.retry) : free;
}

/** Adds to a count, which exists as long as it is not zero. */
function change(counts: Map<string, Taken>, id: string, kind: Lane | 'ping', by: number): void {
  const taken = counts.get(id) ?? { ...nothing };
  taken[kind] += by;
  if (taken.first + taken.retry + taken.ping === 0) counts.delete(id);
  else counts.set(id, taken);
}

export function createInFlight(limits: InFlightLimits, time: Time): InFlight {
  const { maxInFlight, maxInFlightPerAccount, maxInFlightPerEndpoint } = limits;
  const all: Taken = { ...nothing };
  const ofAccounts = new Map<string, Taken>();
  const ofEndpoints = new Map<string, Taken>();
  /** Pings that wait, by account: accounts take turns. */
  const waiting = new Map<string, Set<Waiter>>();
  let isHeld = false;

  const accountRoom = (lane: Lane, ownerId: string): number =>
    roomOf(lane, maxInFlightPerAccount, ofAccounts.get(ownerId) ?? nothing);
  const hasPlaceForPing = (ownerId: string): boolean =>
    !isHeld && roomOf('first', maxInFlight, all) > 0 && accountRoom('first', ownerId) > 0;

  function add(ownerId: string, kind: Lane | 'ping', by: number): void {
    all[kind] += by;
    change(ofAccounts, ownerId, kind, by);
  }

  function leave(ownerId: string, waiter: Waiter): void {
    const line = waiting.get(ownerId);
    line?.delete(waiter);
    if (line?.size === 0) waiting.delete(ownerId);
  }

  /** Admits one ping of each account that has room, and says whether there was any. */
  function admitOneEach(): boolean {
    let admitted = false;
    for (const [ownerId, [waiter]] of [...waiting]) {
      if (!waiter || !hasPlaceForPing(ownerId)) continue;
      waiter(true);
      admitted = true;
    }
    return admitted;
  }

  function admitPings(): void {
    while (waiting.size > 0 && admitOneEach());
  }

  function giveBack(ownerId: string, kind: Lane | 'ping'): void {
    add(ownerId, kind, -1);
    admitPings();
  }

  return {
    room: (lane) => roomOf(lane, maxInFlight, all),
    accountRoom,
    endpointRoom: (lane, endpointId) =>
      roomOf(lane, maxInFlightPerEndpoint, ofEndpoints.get(endpointId) ?? nothing),
    take({ ownerId, endpointId, lane }) {
      add(ownerId, lane, 1);
      change(ofEndpoints, endpointId, lane, 1);
      return () => {
        change(ofEndpoints, endpointId, lane, -1);
        giveBack(ownerId, lane);
      };
    },
    takeForPing(ownerId, timeoutMs) {
      return new Promise((resolve) => {
        let cancel: () => void = () => undefined;
        const waiter: Waiter = (hasPlace) => {
          cancel();
          leave(ownerId, waiter);
          if (hasPlace) add(ownerId, 'ping', 1);
          resolve(
            hasPlace
              ? () => {
                  giveBack(ownerId, 'ping');
                }
              : undefined,
          );
        };
        if (hasPlaceForPing(ownerId)) {
          waiter(true);
          return;
        }
        waiting.set(ownerId, (waiting.get(ownerId) ?? new Set()).add(waiter));
        cancel = time.setTimeout(() => {
          waiter(false);
        }, timeoutMs);
      });
    },
    holdPings() {
      isHeld = true;
    },
    releasePings() {
      isHeld = false;
      admitPings();
    },
    refusePings() {
      for (const line of [...waiting.values()]) for (const waiter of [...line]) waiter(false);
    },
  };
}
