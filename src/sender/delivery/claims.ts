import { ownerOf, type Lane } from '../records.js';
import type { Claim, SenderStore } from '../stores/store.js';
import type { Alarm } from './alarm.js';
import type { Attempts } from './attempts.js';
import type { InFlight } from './in-flight.js';
import type { PingSlots } from './ping-slots.js';
import { begin } from './state-machine.js';
import type { Work } from './work.js';

/** The dependencies of {@link Claims}. */
export interface ClaimsOptions {
  readonly store: Pick<SenderStore, 'claim'>;
  readonly leaseMs: number;
  readonly inFlight: InFlight;
  readonly pingSlots: PingSlots;
  readonly attempts: Attempts;
  readonly alarm: Alarm;
  readonly work: Work;
  readonly onError: (error: unknown) => unknown;
}

/** The result of one claim. */
export interface ClaimCounts {
  readonly claimed: number;
  /** More than were claimed if deliveries were held or cancelled. */
  readonly processed: number;
}

/** Retries come first. They have at most half of all slots, so neither lane starves. */
const lanes: readonly Lane[] = ['retry', 'first'];

/** Claims due deliveries, as many as there are free slots, and starts their attempts. */
export class Claims {
  constructor(private readonly options: ClaimsOptions) {}

  /**
   * Claims from both lanes. Pings wait meanwhile, since the store fills the slots that were free when it began.
   *
   * @param mayClaim - Asked before each lane, so that nothing is claimed after a stop.
   */
  async claimDue(nowMs: number, mayClaim: () => boolean = () => true): Promise<ClaimCounts> {
    const { inFlight, pingSlots } = this.options;
    let [claimed, processed] = [0, 0];
    pingSlots.pause();
    try {
      for (const lane of lanes) {
        if (!mayClaim()) break;
        const limit = inFlight.capacity(lane);
        if (limit <= 0) continue;
        const counts = await this.claimLane(lane, nowMs, limit);
        claimed += counts.claimed;
        processed += counts.processed;
      }
    } finally {
      pingSlots.resume();
    }
    return { claimed, processed };
  }

  private async claimLane(lane: Lane, nowMs: number, limit: number): Promise<ClaimCounts> {
    const { store, inFlight, alarm, work, leaseMs } = this.options;
    const { claims, processed } = await store.claim({
      lane,
      nowMs,
      limit,
      accountCapacityOf: (ownerId) => inFlight.accountCapacity(lane, ownerId),
      capacityOf: (endpointId) => inFlight.endpointCapacity(lane, endpointId),
      begin: (rows) => begin(rows, { nowMs, token: crypto.randomUUID(), leaseMs }),
    });
    for (const claim of claims) void work.run(() => this.deliver(claim, lane));
    if (claims.length > 0) alarm.ringBy(nowMs + leaseMs);
    // A retry may have been in front of one that is due later, which no alarm knows of. First attempts are due at once.
    if (lane === 'retry' && processed > 0) alarm.askAgain();
    return { claimed: claims.length, processed };
  }

  private async deliver(claim: Claim, lane: Lane): Promise<void> {
    const { inFlight, pingSlots, attempts, onError } = this.options;
    const { endpoint } = claim;
    const slot = { kind: lane, ownerId: ownerOf(endpoint), endpointId: endpoint.id } as const;
    inFlight.acquire(slot);
    try {
      await attempts.run(claim);
    } catch (error) {
      // An attempt that could not be settled is given up when its lease expires.
      onError(error);
    } finally {
      inFlight.release(slot);
      pingSlots.admit();
    }
  }
}
