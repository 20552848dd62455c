import type { StatementSync } from 'node:sqlite';
import {
  isOver,
  type AttemptRecord,
  type Change,
  type Claim,
  type DeliveryRecord,
  type IdempotencyRecord,
  type SenderStore,
  type Transition,
} from './contract.js';
import { createCommits } from './sqlite-commits.js';
import { openDatabase, type Synchronous } from './sqlite-database.js';
import { readPage } from './sqlite-pages.js';
import { createPublisher } from './sqlite-publish.js';
import { createQueues } from './sqlite-queues.js';
import { createTables, toDelivery, toEndpoint } from './sqlite-tables.js';

/** Options of {@link createSqliteStore}. */
export interface SqliteStoreOptions {
  /** The file; made if it is not there. `:memory:` keeps nothing. */
  path: string;
  /**
   * `full` waits for the disk at each commit: what was resolved outlives a power cut. `normal` outlives the
   * end of the process, however it ends, but a power cut may take the last moments.
   * @default 'full'
   */
  synchronous?: Synchronous;
}

/** As many rows as one step of `rebase` goes through. */
const rowsPerRebase = 2_000;

/** As the index of those has it. */
const ended = "status IN ('succeeded', 'failed', 'cancelled')";

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
  const database = openDatabase(path, synchronous);
  const tables = createTables(database);
  const queues = createQueues(tables);
  const sql = (text: string): StatementSync => tables.sql(text);
  /** What is being attempted, at hand for when it ends. Only this process can change it. */
  const underWay = new Map<string, { readonly delivery: DeliveryRecord; readonly attempt: AttemptRecord }>();
  /** How many deliveries are at their end; counted when it is asked for first. */
  let over: number | undefined;
  const commits = createCommits(database, {
    beforeCommit: () => {
      queues.update();
    },
    afterRollback: () => {
      tables.forgetEndpoints();
      queues.forget();
      underWay.clear();
      over = undefined;
    },
  });

  function insert(delivery: DeliveryRecord, pending?: AttemptRecord): void {
    tables.insertDelivery(delivery, pending);
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
    if (change.delivery !== delivery) {
      tables.updateDelivery(change.delivery, pending);
      queues.touch(delivery);
      queues.touch(change.delivery);
      if (over !== undefined && isOver(change.delivery) && !isOver(delivery)) over += 1;
      if (pending) underWay.set(delivery.id, { delivery: change.delivery, attempt: pending });
      else underWay.delete(delivery.id);
    }
    if (change.endpoint && change.endpoint !== endpoint) tables.updateEndpoint(change.endpoint);
    if (current && !pending) tables.insertAttempt(current);
    return change;
  }

  function claimed(change: Change | undefined): Claim | undefined {
    if (change?.delivery.status !== 'attempting') return undefined;
    const endpoint = tables.endpoint(change.delivery.endpointId);
    const event = tables.event(change.delivery.accountId, change.delivery.eventId);
    return endpoint && event && { delivery: change.delivery, endpoint, event };
  }

  function forget({ id, accountId, eventId }: DeliveryRecord): void {
    sql('DELETE FROM deliveries WHERE id = ?').run(id);
    sql('DELETE FROM attempts WHERE deliveryId = ?').run(id);
    const event = 'accountId = ? AND id = ?';
    sql(`UPDATE events SET deliveries = deliveries - 1 WHERE ${event}`).run(accountId, eventId);
    sql(`DELETE FROM events WHERE ${event} AND deliveries = 0`).run(accountId, eventId);
    if (over !== undefined) over -= 1;
  }

  return {
    exclusive: true,
    insertEndpoint: (endpoint) =>
      commits.write(() => {
        tables.insertEndpoint(endpoint);
      }),
    async getEndpoint(id) {
      return tables.endpoint(id);
    },
    async listEndpoints({ accountId, ...rest }) {
      const { rows, nextCursor } = readPage(tables, 'endpoints', { accountId }, {}, rest);
      return { items: rows.map(toEndpoint), nextCursor };
    },
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
    async pendingNotices() {
      return sql('SELECT * FROM endpoints WHERE noticePending = 1 ORDER BY seq').all().map(toEndpoint);
    },

    publish: (event, toNewDelivery, position = 0) =>
      commits.write(() => publisher.publish(event, toNewDelivery, position)),
    async unfinishedEvents() {
      return publisher.unfinished();
    },
    insertDelivery: ({ delivery, event, attempt }) =>
      commits.write(() => {
        const { accountId, eventId } = delivery;
        if (event) tables.insertEvent(event, { firstSeq: publisher.nextSeq(), count: 1 });
        else {
          const counted = sql(
            'UPDATE events SET deliveries = deliveries + 1 WHERE accountId = ? AND id = ?',
          ).run(accountId, eventId);
          if (counted.changes === 0) return false;
        }
        insert(delivery, attempt);
        return true;
      }),
    async getDelivery(id) {
      const delivery = tables.delivery(id);
      const event = delivery && tables.event(delivery.accountId, delivery.eventId);
      const pending = tables.pending(id);
      return event && { delivery, event, attempts: [...tables.attempts(id), ...(pending ? [pending] : [])] };
    },
    async listDeliveries({ endpointId, status, eventType, ...rest }) {
      const { rows, nextCursor } = readPage(
        tables,
        'deliveries',
        { endpointId },
        { status, eventType },
        rest,
      );
      return { items: rows.map(toDelivery), nextCursor };
    },

    claim(request) {
      if (!queues.hasDue(request.lane, request.nowMs)) return Promise.resolve({ claims: [], processed: 0 });
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
    expire(nowMs, change) {
      const over = sql("SELECT * FROM deliveries WHERE status = 'attempting' AND leaseUntilMs <= ?");
      if (!over.get(nowMs)) return Promise.resolve(0);
      return commits.write(() => over.all(nowMs).filter((row) => apply(toDelivery(row), change)).length);
    },
    async nextAlarmMs(afterMs) {
      const lease = sql(
        `SELECT min(leaseUntilMs) AS atMs FROM deliveries WHERE status = 'attempting' AND leaseUntilMs > ?`,
      ).get(afterMs);
      const times = [queues.nextDueMs(afterMs), lease?.atMs].filter((time) => typeof time === 'number');
      return times.length === 0 ? undefined : Math.min(...times);
    },
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

    prune: ({ beforeMs, keep, limit }) =>
      commits.write(() => {
        over ??= Number(sql(`SELECT count(*) AS count FROM deliveries WHERE ${ended}`).get()?.count);
        const excess = over - keep;
        const old = sql(`SELECT * FROM deliveries WHERE ${ended} ORDER BY seq LIMIT ?`)
          .all(limit)
          .map(toDelivery)
          .filter(({ createdAtMs }, index) => index < excess || createdAtMs < beforeMs);
        old.forEach(forget);
        const unheard = sql(
          `DELETE FROM events WHERE id IN
             (SELECT id FROM events WHERE deliveries = 0 AND createdAtMs < ? LIMIT ?)`,
        ).run(beforeMs, limit);
        return old.length + Number(unheard.changes);
      }),
    takeKey: (record, { beforeMs, abandonedMs }) =>
      commits.write(() => {
        sql('DELETE FROM keys WHERE begunAtMs < ? OR (begunAtMs < ? AND answer IS NULL)').run(
          beforeMs,
          abandonedMs,
        );
        const taken = sql('SELECT * FROM keys WHERE accountId = ? AND key = ?').get(
          record.accountId,
          record.key,
        );
        if (taken) {
          const answer = typeof taken.answer === 'string' ? (JSON.parse(taken.answer) as unknown) : null;
          return { ...taken, answer } as unknown as IdempotencyRecord;
        }
        sql('INSERT INTO keys (accountId, key, fingerprint, begunAtMs) VALUES (?, ?, ?, ?)').run(
          record.accountId,
          record.key,
          record.fingerprint,
          record.begunAtMs,
        );
        return undefined;
      }),
    answerKey: ({ accountId, key, begunAtMs }, answer) =>
      commits.write(() => {
        const mine = [accountId, key, begunAtMs] as const;
        const where = 'WHERE accountId = ? AND key = ? AND begunAtMs = ?';
        if (answer) sql(`UPDATE keys SET answer = ? ${where}`).run(JSON.stringify(answer), ...mine);
        else sql(`DELETE FROM keys ${where}`).run(...mine);
      }),
    async close() {
      commits.close();
    },
  };
}
