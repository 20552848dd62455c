import { escapeText, unescapeText } from '../../../shared/escape-text.js';
import { laneOf, ownerOf, type DeliveryRecord, type Lane } from '../../records.js';
import { type Claim, type ClaimBatch, type ClaimRequest, type WaitingRequest } from '../store.js';
import { toDelivery, type Tables } from './tables.js';
import { claimInTurns, createTurns, type Turns } from '../turns.js';

const inLane: Record<Lane, string> = { first: 'attempts = 0', retry: 'attempts > 0' };

const lanes: readonly Lane[] = ['first', 'retry'];

/**
 * What waits, by endpoint and lane. When the first of each queue is due is kept in memory: nobody else can write, and
 * an index finds it again in one step per endpoint.
 */
export interface Queues {
  /** A delivery is, or was, in a queue: its first may be another one now. */
  touch(delivery: DeliveryRecord): void;
  /** Brings the turns up to date. Within each transaction, after all else. */
  update(): void;
  /** The turns may not be as the database is any more: they are read again when they are needed. */
  forget(): void;
  hasDue(lane: Lane, nowMs: number): boolean;
  nextDueMs(afterMs: number): number | undefined;
  /** Claims in turns. `begin` gives the claim, if it came to one. */
  claim(request: ClaimRequest, begin: (delivery: DeliveryRecord) => Claim | undefined): ClaimBatch;
  /** @param limit - -1 for all. */
  waitingFor(
    endpointId: string,
    statuses: WaitingRequest['statuses'],
    limit: number,
  ): readonly DeliveryRecord[];
}

export function createQueues(tables: Tables): Queues {
  const touched: Record<Lane, Set<string>> = { first: new Set(), retry: new Set() };
  let turns: Record<Lane, Turns> | undefined;

  function firstDueMs(lane: Lane, endpointId: string): number | undefined {
    const first = tables
      .sql(
        `SELECT dueAtMs FROM deliveries WHERE status = 'scheduled' AND ${inLane[lane]} AND endpointId = ?
         ORDER BY dueAtMs LIMIT 1`,
      )
      .get(escapeText(endpointId));
    return first?.dueAtMs as number | undefined;
  }

  function read(): Record<Lane, Turns> {
    const read = { first: createTurns(), retry: createTurns() };
    for (const row of tables.sql('SELECT id, accountId FROM endpoints').all()) {
      const id = unescapeText(String(row.id));
      const owner = ownerOf({
        accountId: row.accountId === null ? null : unescapeText(String(row.accountId)),
      });
      for (const lane of lanes) read[lane].set(owner, id, firstDueMs(lane, id));
    }
    return read;
  }

  function current(lane: Lane): Turns {
    turns ??= read();
    return turns[lane];
  }

  function update(lane: Lane, endpointId: string): void {
    if (!turns) return;
    const owner = ownerOf(tables.endpoint(endpointId));
    turns[lane].set(owner, endpointId, firstDueMs(lane, endpointId));
  }

  return {
    touch(delivery) {
      if (delivery.status === 'scheduled') touched[laneOf(delivery)].add(delivery.endpointId);
    },
    update() {
      for (const lane of lanes) {
        for (const endpointId of touched[lane]) update(lane, endpointId);
        touched[lane].clear();
      }
    },
    forget() {
      turns = undefined;
      for (const lane of lanes) touched[lane].clear();
    },
    hasDue: (lane, nowMs) => current(lane).hasDue(nowMs),
    nextDueMs(afterMs) {
      const times = lanes.map((lane) => current(lane).nextDueMs(afterMs) ?? Infinity);
      const first = Math.min(...times);
      return first === Infinity ? undefined : first;
    },
    claim(request, begin) {
      const { lane, nowMs } = request;
      return claimInTurns(current(lane), request, (endpointId, atMost) => {
        const due = tables
          .sql(
            `SELECT * FROM deliveries
             WHERE status = 'scheduled' AND ${inLane[lane]} AND endpointId = ? AND dueAtMs <= ?
             ORDER BY dueAtMs, seq LIMIT ?`,
          )
          .all(escapeText(endpointId), nowMs, atMost);
        const claims = due.map((row) => begin(toDelivery(row))).filter((claim) => claim !== undefined);
        update(lane, endpointId);
        touched[lane].delete(endpointId);
        return { claims, processed: due.length };
      });
    },

    waitingFor(endpointId, statuses, limit) {
      // As the partial indexes have it: they are not used for a status that is a parameter.
      const places = statuses.flatMap((status) =>
        status === 'held'
          ? [`status = 'held'`]
          : lanes.map((lane) => `status = 'scheduled' AND ${inLane[lane]}`),
      );
      const found = places.flatMap((place) =>
        tables
          .sql(`SELECT * FROM deliveries WHERE ${place} AND endpointId = ? LIMIT ?`)
          .all(escapeText(endpointId), limit),
      );
      return found.slice(0, limit === -1 ? undefined : limit).map(toDelivery);
    },
  };
}
