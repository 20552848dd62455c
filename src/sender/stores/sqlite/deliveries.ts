import { escapeText } from '../../../shared/escape-text.js';
import type { AttemptRecord, Change, DeliveryRecord, Transition } from '../../records.js';
import type { RebaseRequest } from '../store.js';
import type { Attempts } from './attempts.js';
import { insertInto } from './columns.js';
import type { Endpoints } from './endpoints.js';
import type { Events } from './events.js';
import type { Queues } from './queues.js';
import { conditions, deliveryColumns, deliverySizeColumns } from './schema.js';
import type { Sql } from './statements.js';

/**
 * Owns the state of deliveries, within the caller's transaction: only this module writes their rows.
 *
 * The row is the state of a delivery, and its attempt in flight is the last row of `attempts`. Derived state:
 * - `bytes` of the row: the bytes of the event's body, to which `apply` adds those of each attempt that ends.
 * - `retention_usage`: triggers count the rows that enter and leave a class (schema.ts).
 * - `events.deliveryCount`: callers of `insert` add to it, publishing once per step; `forget` subtracts.
 * - turns: `insert` and `apply` mark queues as changed; queues.ts reads their first rows before the commit.
 * - `claimedRows`: a cache of the rows whose status is `attempting`. A rollback and a rebase clear it.
 */
export interface Deliveries {
  insert(delivery: DeliveryRecord, bodyBytes: number): void;
  get(id: string): DeliveryRecord | undefined;
  /** Passes a delivery through a transition, and writes and returns the change; undefined if there is none. */
  apply(delivery: DeliveryRecord, transition: Transition): Change | undefined;
  /** Deletes a delivery with its attempts, and the event after its last delivery. */
  forget(delivery: DeliveryRecord): void;
  /** Takes one step of `SenderStore.rebase`, and returns the position of the next one. */
  rebase(request: RebaseRequest): number | undefined;
  /** Drops cached rows. Call it after a rollback. */
  clearCache(): void;
}

/** A delivery that is being attempted, and the attempt. */
interface ClaimedRows {
  readonly delivery: DeliveryRecord;
  readonly attempt: AttemptRecord;
}

/** Other tables and state that a change of a delivery affects. */
interface Affected {
  readonly endpoints: Endpoints;
  readonly events: Events;
  readonly attempts: Attempts;
  readonly queues: Queues;
}

const rowsPerRebase = 2_000;

const stateColumns = deliveryColumns.pick('status', 'attempts', 'dueAtMs', 'token', 'leaseUntilMs');
const insertSql = insertInto('deliveries', deliveryColumns, deliverySizeColumns);
const selectSql = `SELECT ${deliveryColumns.names} FROM deliveries WHERE id = ?`;
const updateSql = `UPDATE deliveries SET ${stateColumns.assignments}, bytes = bytes + ? WHERE id = ?`;

function rebaseRows(sql: Sql, { nowMs, byMs, position = 0 }: RebaseRequest): number | undefined {
  const next = position + rowsPerRebase;
  const bringForward = (column: string, condition: string): void => {
    sql(
      `UPDATE deliveries SET ${column} = max(?, ${column} - ?)
       WHERE seq > ? AND seq <= ? AND ${condition} AND ${column} > ?`,
    ).run(nowMs, byMs, position, next, nowMs);
  };
  bringForward('dueAtMs', "status = 'scheduled'");
  bringForward('leaseUntilMs', conditions.attempting);
  const last = sql('SELECT max(seq) AS seq FROM deliveries').get();
  return next < Number(last?.seq ?? 0) ? next : undefined;
}

export function createDeliveries(sql: Sql, { endpoints, events, attempts, queues }: Affected): Deliveries {
  // The cache saves two queries per settlement: 5% of the CPU time of an event in bench/send.mjs.
  const claimedRows = new Map<string, ClaimedRows>();

  /** Reads the attempt in flight, which is the last one. */
  function attemptOf({ id, status, attempts: number }: DeliveryRecord): AttemptRecord | undefined {
    if (status !== 'attempting') return undefined;
    return claimedRows.get(id)?.attempt ?? attempts.get(id, number);
  }

  function write(before: DeliveryRecord, { delivery: after, attempt }: Change, addedBytes: number): void {
    sql(updateSql).run(...stateColumns.encode(after), addedBytes, escapeText(after.id));
    queues.markChanged(before);
    queues.markChanged(after);
    if (after.status === 'attempting' && attempt) claimedRows.set(after.id, { delivery: after, attempt });
    else claimedRows.delete(after.id);
  }

  return {
    insert(delivery, bodyBytes) {
      sql(insertSql).run(
        ...deliveryColumns.encode(delivery),
        ...deliverySizeColumns.encode({ bytes: bodyBytes }),
      );
      queues.markChanged(delivery);
    },
    get(id) {
      const known = claimedRows.get(id);
      if (known) return known.delivery;
      const row = sql(selectSql).get(escapeText(id));
      return row && deliveryColumns.decode(row);
    },
    apply(delivery, transition) {
      const endpoint = endpoints.get(delivery.endpointId);
      const attempt = attemptOf(delivery);
      const change = transition({ delivery, endpoint, attempt });
      if (!change) return undefined;
      const addedBytes = change.attempt && change.attempt !== attempt ? attempts.save(change.attempt) : 0;
      if (change.delivery !== delivery) write(delivery, change, addedBytes);
      if (change.endpoint && change.endpoint !== endpoint) endpoints.update(change.endpoint);
      return change;
    },
    forget({ id, accountId, eventId }) {
      sql('DELETE FROM deliveries WHERE id = ?').run(escapeText(id));
      attempts.deleteOf(id);
      events.removeDelivery({ accountId, id: eventId });
    },
    rebase(request) {
      claimedRows.clear();
      const next = rebaseRows(sql, request);
      if (next === undefined) queues.clear();
      return next;
    },
    clearCache() {
      claimedRows.clear();
    },
  };
}
