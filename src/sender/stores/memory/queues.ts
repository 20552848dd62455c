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

/** Begins an attempt. Returns the claim, or undefined if the delivery must not be sent. */
type Begin = (entry: DeliveryEntry) => Claim | undefined;

/** The deliveries that wait, scheduled or held, by endpoint. */
export interface Queues {
  /** Follows a change of a delivery; `before` is undefined for a new one. */
  update(entry: DeliveryEntry, before: DeliveryRecord | undefined): void;
  /** Follows the removal of a held delivery. */
  removeHeld(entry: DeliveryEntry): void;
  /** Removes the queues of a deleted endpoint. */
  removeEndpoint(endpointId: string): void;
  /** Claims due deliveries in turns. */
  claim(request: ClaimRequest, begin: Begin): ClaimBatch;
  waitingFor(endpointId: string, statuses: WaitingRequest['statuses']): readonly DeliveryEntry[];
  /** How many deliveries are held for an endpoint. */
  heldFor(endpointId: string): number;
  /** The earliest due time after `afterMs`. */
  nextDueMs(afterMs: number): number | undefined;
}

/** The queues of each endpoint, created when the first delivery waits for it. */
interface QueuesByEndpoint {
  get(endpointId: string): EndpointQueues;
  find(endpointId: string): EndpointQueues | undefined;
  remove(endpointId: string): void;
}

function createQueuesByEndpoint(ownerOfEndpoint: (endpointId: string) => string): QueuesByEndpoint {
  const byEndpoint = new Map<string, EndpointQueues>();

  function add(endpointId: string): EndpointQueues {
    const queues = {
      ownerId: ownerOfEndpoint(endpointId),
      first: createDueQueue(),
      retry: createDueQueue(),
      held: new Set<DeliveryEntry>(),
    };
    byEndpoint.set(endpointId, queues);
    return queues;
  }

  return {
    get: (endpointId) => byEndpoint.get(endpointId) ?? add(endpointId),
    find: (endpointId) => byEndpoint.get(endpointId),
    remove(endpointId) {
      byEndpoint.delete(endpointId);
    },
  };
}

/** Puts at most `atMost` due deliveries of a queue through `begin`. */
function claimFrom(queue: DueQueue, atMost: number, nowMs: number, begin: Begin): ClaimBatch {
  const claims: Claim[] = [];
  let processed = 0;
  while (processed < atMost) {
    const entry = queue.takeDue(nowMs);
    if (!entry) break;
    processed += 1;
    const claim = begin(entry);
    if (claim) claims.push(claim);
  }
  return { claims, processed };
}

export function createQueues(ownerOfEndpoint: (endpointId: string) => string): Queues {
  const byEndpoint = createQueuesByEndpoint(ownerOfEndpoint);
  const turns: Record<Lane, Turns> = { first: createTurns(), retry: createTurns() };

  function updateTurn(endpointId: string, lane: Lane): void {
    const { ownerId, [lane]: queue } = byEndpoint.get(endpointId);
    turns[lane].set(ownerId, endpointId, queue.firstDueMs());
  }

  function leave(entry: DeliveryEntry, before: DeliveryRecord): void {
    if (before.status === 'held') byEndpoint.get(before.endpointId).held.delete(entry);
    if (before.status === 'scheduled') updateTurn(before.endpointId, laneOf(before));
  }

  function enter(entry: DeliveryEntry): void {
    const { status, endpointId } = entry.record;
    if (status === 'held') byEndpoint.get(endpointId).held.add(entry);
    if (status !== 'scheduled') return;
    const lane = laneOf(entry.record);
    byEndpoint.get(endpointId)[lane].add(entry);
    updateTurn(endpointId, lane);
  }

  return {
    update(entry, before) {
      if (before === entry.record) return;
      if (before) leave(entry, before);
      enter(entry);
    },
    removeHeld(entry) {
      byEndpoint.find(entry.record.endpointId)?.held.delete(entry);
    },
    removeEndpoint(endpointId) {
      byEndpoint.remove(endpointId);
    },
    claim: (request, begin) =>
      claimInTurns(turns[request.lane], request, (endpointId, atMost) => {
        const queue = byEndpoint.get(endpointId)[request.lane];
        const batch = claimFrom(queue, atMost, request.nowMs, begin);
        updateTurn(endpointId, request.lane);
        return batch;
      }),
    waitingFor(endpointId, statuses) {
      const queues = byEndpoint.find(endpointId);
      if (!queues) return [];
      const scheduled = statuses.includes('scheduled') ? [...queues.first.all(), ...queues.retry.all()] : [];
      return statuses.includes('held') ? [...scheduled, ...queues.held] : scheduled;
    },
    heldFor: (endpointId) => byEndpoint.find(endpointId)?.held.size ?? 0,
    nextDueMs(afterMs) {
      const [first, retry] = [turns.first.nextDueMs(afterMs), turns.retry.nextDueMs(afterMs)];
      return first === undefined || retry === undefined ? (first ?? retry) : Math.min(first, retry);
    },
  };
}
