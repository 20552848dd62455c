import { escapeText, unescapeText } from '../../../shared/escape-text.js';
import { laneOf, ownerOf, type DeliveryRecord, type Lane } from '../../records.js';
import type { Claim, ClaimBatch, ClaimRequest, WaitingRequest } from '../store.js';
import { claimInTurns, createTurns, type Turns } from '../turns.js';
import type { Endpoints } from './endpoints.js';
import { conditions, deliveryColumns } from './schema.js';
import type { Sql } from './statements.js';

/**
 * The queues of scheduled deliveries, one per endpoint and lane. The rows are the queues; only the due time of
 * each queue's first delivery is kept in memory (`Turns`), which an index finds in one step.
 */
export interface Queues {
  /** Marks the queue that a delivery is in, before or after a change: the queue may now have another first delivery. */
  markChanged(delivery: DeliveryRecord): void;
  /** Reads the first due times of the marked queues. Call it at the end of each transaction. */
  refresh(): void;
  /** Discards all due times; they are read again when they are needed. Call it after a rollback. */
  clear(): void;
  hasDue(lane: Lane, nowMs: number): boolean;
  nextDueMs(afterMs: number): number | undefined;
  /** Claims in turns. `begin` returns the claim, or undefined if the delivery must not be sent. */
  claim(request: ClaimRequest, begin: (delivery: DeliveryRecord) => Claim | undefined): ClaimBatch;
}

const lanes: readonly Lane[] = ['first', 'retry'];

const firstDueOf = (lane: Lane): string =>
  `SELECT dueAtMs FROM deliveries WHERE ${conditions[lane]} AND endpointId = ? ORDER BY dueAtMs LIMIT 1`;
const dueOf = (lane: Lane): string =>
  `SELECT ${deliveryColumns.names} FROM deliveries
   WHERE ${conditions[lane]} AND endpointId = ? AND dueAtMs <= ? ORDER BY dueAtMs, seq LIMIT ?`;
const firstDueSql = { first: firstDueOf('first'), retry: firstDueOf('retry') };
const dueSql = { first: dueOf('first'), retry: dueOf('retry') };

function readFirstDueMs(sql: Sql, lane: Lane, endpointId: string): number | undefined {
  const first = sql(firstDueSql[lane]).get(escapeText(endpointId));
  return first?.dueAtMs as number | undefined;
}

function readTurns(sql: Sql): Record<Lane, Turns> {
  const turns = { first: createTurns(), retry: createTurns() };
  for (const row of sql('SELECT id, accountId FROM endpoints').all()) {
    const id = unescapeText(String(row.id));
    const accountId = row.accountId === null ? null : unescapeText(String(row.accountId));
    for (const lane of lanes) turns[lane].set(ownerOf({ accountId }), id, readFirstDueMs(sql, lane, id));
  }
  return turns;
}

function readDue(
  sql: Sql,
  { lane, nowMs }: ClaimRequest,
  endpointId: string,
  limit: number,
): readonly DeliveryRecord[] {
  return sql(dueSql[lane]).all(escapeText(endpointId), nowMs, limit).map(deliveryColumns.decode);
}

/** Reads deliveries that wait for an endpoint. */
export function readWaiting(
  sql: Sql,
  { endpointId, statuses, limit }: Omit<WaitingRequest, 'change'>,
): readonly DeliveryRecord[] {
  const selected = statuses.flatMap((status) =>
    status === 'held' ? [conditions.held] : lanes.map((lane) => conditions[lane]),
  );
  // SQLite reads a negative limit as none.
  const sqlLimit = Number.isFinite(limit) ? limit : -1;
  const rows = selected.flatMap((condition) =>
    sql(`SELECT ${deliveryColumns.names} FROM deliveries WHERE ${condition} AND endpointId = ? LIMIT ?`).all(
      escapeText(endpointId),
      sqlLimit,
    ),
  );
  return rows.slice(0, limit).map(deliveryColumns.decode);
}

export function createQueues(sql: Sql, endpoints: Endpoints): Queues {
  const changed: Record<Lane, Set<string>> = { first: new Set(), retry: new Set() };
  let turns: Record<Lane, Turns> | undefined;

  const turnsOf = (lane: Lane): Turns => (turns ??= readTurns(sql))[lane];

  function refreshQueue(lane: Lane, endpointId: string): void {
    const owner = ownerOf(endpoints.get(endpointId));
    turns?.[lane].set(owner, endpointId, readFirstDueMs(sql, lane, endpointId));
    changed[lane].delete(endpointId);
  }

  return {
    markChanged(delivery) {
      if (delivery.status === 'scheduled') changed[laneOf(delivery)].add(delivery.endpointId);
    },
    refresh() {
      for (const lane of lanes) for (const endpointId of changed[lane]) refreshQueue(lane, endpointId);
    },
    clear() {
      turns = undefined;
      for (const lane of lanes) changed[lane].clear();
    },
    hasDue: (lane, nowMs) => turnsOf(lane).hasDue(nowMs),
    nextDueMs(afterMs) {
      const dueTimes = lanes.map((lane) => turnsOf(lane).nextDueMs(afterMs) ?? Infinity);
      const first = Math.min(...dueTimes);
      return first === Infinity ? undefined : first;
    },
    claim(request, begin) {
      const { lane } = request;
      return claimInTurns(turnsOf(lane), request, (endpointId, limit) => {
        const due = readDue(sql, request, endpointId, limit);
        const claims = due.map(begin).filter((claim) => claim !== undefined);
        refreshQueue(lane, endpointId);
        return { claims, processed: due.length };
      });
    },
  };
}
