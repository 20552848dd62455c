/**
 * Stores endpoints, events and deliveries of the sender in a SQLite file, through `node:sqlite`.
 *
 * @module sender/sqlite
 */
import type { StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { escapeText } from '../../../shared/escape-text.js';
import type { AttemptRecord, Change, DeliveryRecord, Transition } from '../../records.js';
import type { Claim, SenderStore } from '../store.js';
import { createCommits } from './commits.js';
import { openDatabase, type Synchronous } from './database.js';
import { createSqliteKeys } from './idempotency.js';
import { readPage } from './pages.js';
import { createPublisher } from './publish.js';
import { createQueues } from './queues.js';
import { createSqliteRetention } from './retention.js';
import { createTables, toDelivery, toEndpoint } from './tables.js';

/** Options of {@link createSqliteStore}. */
export interface SqliteStoreOptions {
  /** The file; made if it is not there. `:memory:` keeps nothing. */
  path: string;
  /**
   * `full` waits for the disk at each commit: what was resolved outlives a power cut. `normal` outlives the
   * end of the process, however it ends, but a power cut may take the last moments.
   * @default 'full'
   */
  synchronous?: Synchronous | undefined;
}

/** As many rows as one step of `rebase` goes through. */
const rowsPerRebase = 2_000;

/**
 * A store in one SQLite file, by the SQLite that comes with Node (22.13 or later). One process has the file
 * to itself; what it asks for in one turn of the event loop is one commit.
 *
 * Close it after the sender was stopped.
 *
 * @throws Error where Node has no SQLite, the file is in use by another process, or is not a sender's.
 *
 * @example
 * const store = createSqliteStore({ path: './webhooks.db' });
 * const sender = createSender({ store });
 * // …
 * await sender.stop();
 * await store.close();
 */
export function createSqliteStore({ path, synchronous = 'full' }: SqliteStoreOptions): SenderStore {
  if (typeof (path as unknown) !== 'string' || path === '') {
    throw new TypeError('createSqliteStore: path must be the name of a file.');
  }
  if (synchronous !== 'full' && (synchronous as string) !== 'normal') {
    throw new TypeError("synchronous must be 'full' or 'normal'.");
  }
  const opened = openDatabase(path, synchronous);
  const tables = createTables(opened.database);
  const queues = createQueues(tables);
  const sql = (text: string): StatementSync => tables.sql(text);
  /** What is being attempted, at hand for when it ends. Only this process can change it. */
  const underWay = new Map<string, { readonly delivery: DeliveryRecord; readonly attempt: AttemptRecord }>();
  const commits = createCommits(opened, {
    beforeCommit: () => {
      queues.update();
    },
    afterRollback: () => {
      tables.forgetEndpoints();
      queues.forget();
      underWay.clear();
    },
  });

  const pruneStep = createSqliteRetention(tables, forget);

  function insert(delivery: DeliveryRecord, bodyBytes: number, pending?: AttemptRecord): void {
    tables.insertDelivery(delivery, pending, bodyBytes);
    queues.touch(delivery);
  }

  const publisher = createPublisher(tables, insert);

  function apply(delivery: DeliveryRecord | undefined, transition: Transition): Change | undefined {
    if (!delivery) return undefined;
    const endpoint = tables.endpoint(delivery.endpointId);
    const attempt =
      delivery.status === 'attempting'
        ? (underWay.get(delivery.id)?.attempt ?? tables.pending(delivery.id))
        : undefined;
    const change = transition({ delivery, endpoint, attempt });
    if (!change) return undefined;
    const current = change.attempt ?? attempt;
    const pending = change.delivery.status === 'attempting' ? current : undefined;
    const addedBytes = current && !pending ? tables.insertAttempt(current) : 0;
    if (change.delivery !== delivery) {
      tables.updateDelivery(change.delivery, pending, addedBytes);
      queues.touch(delivery);
      queues.touch(change.delivery);
      if (pending) underWay.set(delivery.id, { delivery: change.delivery, attempt: pending });
      else underWay.delete(delivery.id);
    }
    if (change.endpoint && change.endpoint !== endpoint) tables.updateEndpoint(change.endpoint);
    return change;
  }

  function claimed(change: Change | undefined): Claim | undefined {
    if (change?.delivery.status !== 'attempting') return undefined;
    const endpoint = tables.endpoint(change.delivery.endpointId);
    const event = tables.event(change.delivery.accountId, change.delivery.eventId);
    return endpoint && event && { delivery: change.delivery, endpoint, event };
  }

  function forget({ id, accountId, eventId }: DeliveryRecord): void {
    sql('DELETE FROM deliveries WHERE id = ?').run(escapeText(id));
    sql('DELETE FROM attempts WHERE deliveryId = ?').run(escapeText(id));
    const event = 'accountId = ? AND id = ?';
    const eventKey = [escapeText(accountId), escapeText(eventId)] as const;
    sql(`UPDATE events SET deliveries = deliveries - 1 WHERE ${event}`).run(...eventKey);
    sql(`DELETE FROM events WHERE ${event} AND deliveries = 0`).run(...eventKey);
  }

  return {
    exclusive: true,
    insertEndpoint: (endpoint, maxOfAccount = Infinity) =>
      commits.write(() => {
        const { accountId } = endpoint;
        const own = sql('SELECT count(*) AS count FROM endpoints WHERE accountId IS ?').get(
          accountId === null ? null : escapeText(accountId),
        );
        if (Number(own?.count) >= maxOfAccount) return false;
        tables.insertEndpoint(endpoint);
        return true;
      }),
    getEndpoint: (id) => commits.read(() => tables.endpoint(id)),
    listEndpoints: ({ accountId, ...rest }) =>
      commits.read(() => {
        const { rows, nextCursor } = readPage(tables, 'endpoints', { accountId }, {}, rest);
        return { items: rows.map(toEndpoint), nextCursor };
      }),
    updateEndpoint: (id, change) =>
      commits.write(() => {
        const endpoint = tables.endpoint(id);
        if (!endpoint) return undefined;
        const changed = change(endpoint);
        if (changed !== endpoint) tables.updateEndpoint(changed);
        return changed;
      }),
    deleteEndpoint: (id, change) =>
      commits.write(() => {
        if (!tables.deleteEndpoint(id)) return false;
        for (const delivery of queues.waitingFor(id, ['scheduled', 'held'], -1)) apply(delivery, change);
        return true;
      }),
    changeWaiting: ({ endpointId, statuses, limit, change }) =>
      commits.write(() => {
        const waiting = queues.waitingFor(endpointId, statuses, limit);
        return waiting.filter((delivery) => apply(delivery, change)).length;
      }),
    pendingDisabledNotifications: () =>
      commits.read(() =>
        sql('SELECT * FROM endpoints WHERE disabledNotificationPending = 1 ORDER BY seq')
          .all()
          .map(toEndpoint),
      ),
    pendingHeldNotifications: () =>
      commits.read(() => {
        const held = sql("SELECT count(*) AS count FROM deliveries WHERE status = 'held' AND endpointId = ?");
        return sql('SELECT * FROM endpoints WHERE heldNotificationPending = 1 ORDER BY seq')
          .all()
          .map(toEndpoint)
          .map((endpoint) => ({
            endpoint,
            deliveries: Number(held.get(escapeText(endpoint.id))?.count),
          }));
      }),

    publish: (event, toNewDelivery, position = 0) =>
      commits.write(() => publisher.publish(event, toNewDelivery, position)),
    unfinishedEvents: () => commits.read(() => publisher.unfinished()),
    insertDelivery: ({ delivery, event, attempt }) =>
      commits.write(() => {
        const { accountId, eventId } = delivery;
        if (event) tables.insertEvent(event, { firstSeq: publisher.nextSeq(), count: 1 });
        else {
          const counted = sql(
            'UPDATE events SET deliveries = deliveries + 1 WHERE accountId = ? AND id = ?',
          ).run(escapeText(accountId), escapeText(eventId));
          if (counted.changes === 0) return false;
        }
        insert(delivery, event?.body.length ?? tables.bodyBytes(accountId, eventId), attempt);
        return true;
      }),
    getDelivery: (id) =>
      commits.read(() => {
        const delivery = tables.delivery(id);
        const event = delivery && tables.event(delivery.accountId, delivery.eventId);
        const pending = tables.pending(id);
        return (
          event && { delivery, event, attempts: [...tables.attempts(id), ...(pending ? [pending] : [])] }
        );
      }),
    listDeliveries: ({ endpointId, status, eventType, ...rest }) =>
      commits.read(() => {
        const filter = { status, eventType };
        const { rows, nextCursor } = readPage(tables, 'deliveries', { endpointId }, filter, rest);
        return { items: rows.map(toDelivery), nextCursor };
      }),

    async claim(request) {
      const hasDue = await commits.read(() => queues.hasDue(request.lane, request.nowMs));
      if (!hasDue) return { claims: [], processed: 0 };
      return commits.write(() =>
        queues.claim(request, (delivery) => claimed(apply(delivery, request.begin))),
      );
    },
    settle: (settlements) =>
      commits.write(() => {
        for (const { deliveryId, change } of settlements) {
          apply(underWay.get(deliveryId)?.delivery ?? tables.delivery(deliveryId), change);
        }
      }),
    async expire(nowMs, change) {
      const over = (): StatementSync =>
        sql("SELECT * FROM deliveries WHERE status = 'attempting' AND leaseUntilMs <= ?");
      if (!(await commits.read(() => over().get(nowMs)))) return 0;
      return commits.write(
        () =>
          over()
            .all(nowMs)
            .filter((row) => apply(toDelivery(row), change)).length,
      );
    },
    nextAlarmMs: (afterMs) =>
      commits.read(() => {
        const lease = sql(
          `SELECT min(leaseUntilMs) AS atMs FROM deliveries WHERE status = 'attempting' AND leaseUntilMs > ?`,
        ).get(afterMs);
        const times = [queues.nextDueMs(afterMs), lease?.atMs].filter((time) => typeof time === 'number');
        return times.length === 0 ? undefined : Math.min(...times);
      }),
    rebase: ({ nowMs, byMs, position = 0 }) =>
      commits.write(() => {
        const last = sql('SELECT max(seq) AS seq FROM deliveries').get();
        const next = position + rowsPerRebase;
        const isLater = 'seq > ? AND seq <= ?';
        sql(
          `UPDATE deliveries SET dueAtMs = max(?, dueAtMs - ?)
           WHERE ${isLater} AND status = 'scheduled' AND dueAtMs > ?`,
        ).run(nowMs, byMs, position, next, nowMs);
        sql(
          `UPDATE deliveries SET leaseUntilMs = max(?, leaseUntilMs - ?)
           WHERE ${isLater} AND status = 'attempting' AND leaseUntilMs > ?`,
        ).run(nowMs, byMs, position, next, nowMs);
        if (next < Number(last?.seq ?? 0)) return next;
        queues.forget();
        return undefined;
      }),

    async prune(rule) {
      const step = await commits.write(() => pruneStep(rule));
      await nextTurn();
      // Small checkpoints: the automatic one copies 16 MiB at once, and would keep everybody waiting for it.
      if (step.forgotten > 0 && opened.database.isOpen) {
        await commits.read(() => sql('PRAGMA wal_checkpoint(PASSIVE)').get());
      }
      return step;
    },
    ...createSqliteKeys(tables, commits),
    async close() {
      commits.close();
    },
  };
}
