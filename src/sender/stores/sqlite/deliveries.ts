import { escapeText } from '../../../shared/escape-text.js';
import type { AttemptRecord, Change, DeliveryRecord, Transition } from '../../records.js';
import type { RebaseRequest } from '../store.js';
import type { Attempts } from './attempts.js';
import { insertInto } from './columns.js';
import type { Endpoints } from './endpoints.js';
import type { Events } from './events.js';
import type { Queues } from './queues.js';
import { conditions, deliveryColumns, deliveryExtrasColumns } from './schema.js';
import type { Sql } from './statements.js';

/**
 * Owns the state of deliveries, within the caller's transaction: only this module writes their rows.
 *
 * The row is the state of a delivery. Everything else is derived from it:
 * - `deliveries.bytes`: the bytes of the event's body, plus those of each attempt that `apply` moves from
 *   `pendingAttempt` to a row of `attempts`.
 * - `retention_usage`: triggers count the rows that enter and leave a class (schema.ts).
 * - `events.deliveryCount`: the caller adds what it inserts, one statement per step of publishing; `forget` subtracts.
 * - turns: `apply` and `insert` mark the queues that they change; queues.ts reads their first rows before the commit.
 * - `inFlight`: a cache of rows whose status is `attempting`. A rollback and a rebase clear it.
 */
export interface Deliveries {
  insert(delivery: DeliveryRecord, bodyBytes: number, pendingAttempt?: AttemptRecord): void;
  get(id: string): DeliveryRecord | undefined;
  /** All attempts of a delivery, oldest first. */
  attemptsOf(id: string): readonly AttemptRecord[];
  /** Passes a delivery through a transition and writes the change; undefined if nothing changes. */
  apply(delivery: DeliveryRecord, transition: Transition): Change | undefined;
  /** Deletes a delivery with its attempts, and the event after its last delivery. */
  forget(delivery: DeliveryRecord): void;
  /** Takes one step of `SenderStore.rebase`, and returns the position of the next one. */
  rebase(request: RebaseRequest): number | undefined;
  /** Drops cached rows. Call it after a rollback. */
  clearCache(): void;
}

interface InFlight {
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
const pendingColumns = deliveryExtrasColumns.pick('pendingAttempt');
const insertSql = insertInto('deliveries', deliveryColumns, deliveryExtrasColumns);
const updateSql = `UPDATE deliveries SET ${stateColumns.assignments}, ${pendingColumns.assignments},
  bytes = bytes + ? WHERE id = ?`;

function updateRow(
  sql: Sql,
  delivery: DeliveryRecord,
  pendingAttempt: AttemptRecord | null,
  addedBytes: number,
): void {
  sql(updateSql).run(
    ...stateColumns.encode(delivery),
    ...pendingColumns.encode({ pendingAttempt }),
    addedBytes,
    escapeText(delivery.id),
  );
}

function readPendingAttempt(sql: Sql, id: string): AttemptRecord | undefined {
  const row = sql(`SELECT ${pendingColumns.names} FROM deliveries WHERE id = ?`).get(escapeText(id));
  return (row && pendingColumns.decode(row).pendingAttempt) ?? undefined;
}

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
  const inFlight = new Map<string, InFlight>();

  function write(before: DeliveryRecord, after: DeliveryRecord, attempt: AttemptRecord | undefined): void {
    const pending = after.status === 'attempting' ? attempt : undefined;
    const addedBytes = attempt && !pending ? attempts.insert(attempt) : 0;
    updateRow(sql, after, pending ?? null, addedBytes);
    queues.markChanged(before);
    queues.markChanged(after);
    if (pending) inFlight.set(after.id, { delivery: after, attempt: pending });
    else inFlight.delete(after.id);
  }

  return {
    insert(delivery, bodyBytes, pendingAttempt) {
      const extras = { pendingAttempt: pendingAttempt ?? null, bytes: bodyBytes };
      sql(insertSql).run(...deliveryColumns.encode(delivery), ...deliveryExtrasColumns.encode(extras));
      queues.markChanged(delivery);
    },
    get(id) {
      const known = inFlight.get(id);
      if (known) return known.delivery;
      const row = sql(`SELECT ${deliveryColumns.names} FROM deliveries WHERE id = ?`).get(escapeText(id));
      return row && deliveryColumns.decode(row);
    },
    attemptsOf(id) {
      const pending = readPendingAttempt(sql, id);
      return [...attempts.listOf(id), ...(pending ? [pending] : [])];
    },
    apply(delivery, transition) {
      const endpoint = endpoints.get(delivery.endpointId);
      const attempt =
        delivery.status === 'attempting'
          ? (inFlight.get(delivery.id)?.attempt ?? readPendingAttempt(sql, delivery.id))
          : undefined;
      const change = transition({ delivery, endpoint, attempt });
      if (!change) return undefined;
      const current = change.attempt ?? attempt;
      if (change.delivery !== delivery || current !== attempt) write(delivery, change.delivery, current);
      if (change.endpoint && change.endpoint !== endpoint) endpoints.update(change.endpoint);
      return change;
    },
    forget({ id, accountId, eventId }) {
      sql('DELETE FROM deliveries WHERE id = ?').run(escapeText(id));
      attempts.deleteOf(id);
      events.removeDelivery({ accountId, id: eventId });
    },
    rebase(request) {
      inFlight.clear();
      const next = rebaseRows(sql, request);
      if (next === undefined) queues.clear();
      return next;
    },
    clearCache() {
      inFlight.clear();
    },
  };
}
