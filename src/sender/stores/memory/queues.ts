import { laneOf, type DeliveryRecord, type Lane } from '../../records.js';
import type { Claim, ClaimBatch, ClaimRequest, WaitingRequest } from '../store.js';
import { claimInTurns, createTurns, type Turns } from '../turns.js';
import { createDueQueue, type DueQueue } from './due-queue.js';
import type { DeliveryEntry } from './entries.js';

/** The deliveries that wait for one endpoint. */
interface EndpointQueues extends Readonly<Record<Lane, DueQueue>> {
  readonly ownerId: string;
  readonly held: Set<DeliveryEntry>;
}

/** The deliveries that wait, scheduled or held, by endpoint. */
export interface Queues {
  /** Follows a change of a delivery; `before` is undefined for a new one. */
  update(entry: DeliveryEntry, before: DeliveryRecord | undefined): void;
  /** Follows the removal of a held delivery. */
  removeHeld(entry: DeliveryEntry): void;
  /** Removes the queues of a deleted endpoint. */
  removeEndpoint(endpointId: string): void;
  /** Claims due deliveries in turns. `begin` returns the claim, or undefined if the delivery must not be sent. */
  claim(request: ClaimRequest, begin: (entry: DeliveryEntry) => Claim | undefined): ClaimBatch;
  waitingFor(endpointId: string, statuses: WaitingRequest['statuses']): readonly DeliveryEntry[];
  /** How many deliveries are held for an endpoint. */
  heldFor(endpointId: string): number;
  /** The earliest due time after `afterMs`. */
  nextDueMs(afterMs: number): number | undefined;
}

/** The order of turns in each lane, and the queues that they are taken from. */
export function createQueues(ownerOfEndpoint: (endpointId: string) => string): Queues {
  const byEndpoint = new Map<string, EndpointQueues>();
  const turns: Record<Lane, Turns> = { first: createTurns(), retry: createTurns() };

  function queuesOf(endpointId: string): EndpointQueues {
    const found = byEndpoint.get(endpointId);
    if (found) return found;
    const ownerId = ownerOfEndpoint(endpointId);
    const added = {
      ownerId,
      first: createDueQueue(),
      retry: createDueQueue(),
      held: new Set<DeliveryEntry>(),
    };
    byEndpoint.set(endpointId, added);
    return added;
  }

  function updateTurn(endpointId: string, lane: Lane): void {
    const { ownerId, [lane]: queue } = queuesOf(endpointId);
    turns[lane].set(ownerId, endpointId, queue.firstDueMs());
  }

  function leave(entry: DeliveryEntry, before: DeliveryRecord): void {
    if (before.status === 'held') queuesOf(before.endpointId).held.delete(entry);
    if (before.status === 'scheduled') updateTurn(before.endpointId, laneOf(before));
  }

  function enter(entry: DeliveryEntry): void {
    const { status, endpointId } = entry.record;
    if (status === 'held') queuesOf(endpointId).held.add(entry);
    if (status !== 'scheduled') return;
    const lane = laneOf(entry.record);
    queuesOf(endpointId)[lane].add(entry);
    updateTurn(endpointId, lane);
  }

  /** Puts at most `atMost` due deliveries of an endpoint through `begin`. */
  function serve(
    endpointId: string,
    atMost: number,
    { lane, nowMs }: ClaimRequest,
    begin: (entry: DeliveryEntry) => Claim | undefined,
  ): ClaimBatch {
    const queue = queuesOf(endpointId)[lane];
    const claims: Claim[] = [];
    let processed = 0;
    while (processed < atMost) {
      const entry = queue.takeDue(nowMs);
      if (!entry) break;
      processed += 1;
      const claim = begin(entry);
      if (claim) claims.push(claim);
    }
    updateTurn(endpointId, lane);
    return { claims, processed };
  }

  return {
    update(entry, before) {
      if (before === entry.record) return;
      if (before) leave(entry, before);
      enter(entry);
    },
    removeHeld(entry) {
      byEndpoint.get(entry.record.endpointId)?.held.delete(entry);
    },
    removeEndpoint(endpointId) {
      byEndpoint.delete(endpointId);
    },
    claim: (request, begin) =>
      claimInTurns(turns[request.lane], request, (endpointId, atMost) =>
        serve(endpointId, atMost, request, begin),
      ),
    waitingFor(endpointId, statuses) {
      const queues = byEndpoint.get(endpointId);
      if (!queues) return [];
      const scheduled = statuses.includes('scheduled') ? [...queues.first.all(), ...queues.retry.all()] : [];
      return statuses.includes('held') ? [...scheduled, ...queues.held] : scheduled;
    },
    heldFor: (endpointId) => byEndpoint.get(endpointId)?.held.size ?? 0,
    nextDueMs(afterMs) {
      const first = Math.min(
        turns.first.nextDueMs(afterMs) ?? Infinity,
        turns.retry.nextDueMs(afterMs) ?? Infinity,
      );
      return first === Infinity ? undefined : first;
    },
  };
}
