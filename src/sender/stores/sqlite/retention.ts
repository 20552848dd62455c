import { escapeText, unescapeText } from '../../../shared/escape-text.js';
import type { EndpointRecord, RetentionClass } from '../../records.js';
import type { PruneRule, PruneStep } from '../store.js';
import { exceeds, heldDueAtMs, type Amount } from '../usage.js';
import type { Row } from './columns.js';
import type { Deliveries } from './deliveries.js';
import type { Endpoints } from './endpoints.js';
import { conditions, deliveryColumns } from './schema.js';
import type { Sql } from './statements.js';

/** The tables that retention reads and prunes. */
export interface RetentionTables {
  readonly sql: Sql;
  readonly endpoints: Endpoints;
  readonly deliveries: Deliveries;
}

/** The remaining budget of one step. Bytes are bounded because SQLite visits every page that it frees. */
interface Budget {
  rows: number;
  bytes: number;
}

/** One part of a pass. It is repeated until it removes nothing. */
type Visit = (tables: RetentionTables, rule: PruneRule, budget: Budget) => void;

const maxVisitsPerStep = 100;
const maxBytesPerStep = 4 * 1_048_576;
const accountsPerPage = 100;

function readUsage(sql: Sql, accountId: string, retentionClass: RetentionClass): Amount {
  const row = sql('SELECT count, bytes FROM retention_usage WHERE accountId = ? AND retentionClass = ?').get(
    escapeText(accountId),
    retentionClass,
  );
  return { count: Number(row?.count ?? 0), bytes: Number(row?.bytes ?? 0) };
}

/** Subtracts a removed row from the budget, and returns the remaining amount. */
function spend(budget: Budget, row: Row, amount: Amount): Amount {
  const bytes = Number(row.bytes);
  budget.rows -= 1;
  budget.bytes -= bytes;
  return { count: amount.count - 1, bytes: amount.bytes - bytes };
}

const isSpent = (budget: Budget): boolean => budget.rows <= 0 || budget.bytes <= 0;

/** The oldest deliveries of an account in one class. */
interface OldestQuery {
  readonly accountId: string;
  readonly retentionClass: 'ended' | 'held';
  /** Deliveries created before this time are expired. */
  readonly expiredBeforeMs: number;
  readonly nowMs: number;
  readonly limit: number;
}

/**
 * Reads the oldest deliveries. Those dated in the future come first if a delivery stored after them is expired:
 * the clock was wrong when they were created, so they count as created at 0.
 */
function readOldest(sql: Sql, query: OldestQuery): Row[] {
  const { retentionClass, expiredBeforeMs, nowMs, limit } = query;
  const accountId = escapeText(query.accountId);
  const own = `SELECT * FROM deliveries WHERE ${conditions[retentionClass]} AND accountId = ?`;
  const rows = sql(`${own} ORDER BY createdAtMs, seq LIMIT ?`).all(accountId, limit);
  const expired = rows.filter(({ createdAtMs }) => Number(createdAtMs) < expiredBeforeMs);
  if (expired.length === 0) return rows;
  const lastSeq = Math.max(...expired.map(({ seq }) => Number(seq)));
  const misdated = sql(`${own} AND createdAtMs > ? AND seq < ? LIMIT ?`).all(
    accountId,
    nowMs,
    lastSeq,
    limit,
  );
  return [...misdated.map((row) => ({ ...row, createdAtMs: 0 })), ...rows];
}

function pruneEnded(accountId: string): Visit {
  return ({ sql, deliveries }, rule, budget) => {
    const { nowMs, endedBeforeMs } = rule;
    let amount = readUsage(sql, accountId, 'ended');
    const limit = budget.rows;
    const rows = readOldest(sql, {
      accountId,
      retentionClass: 'ended',
      expiredBeforeMs: endedBeforeMs,
      nowMs,
      limit,
    });
    for (const row of rows) {
      const isForgotten = Number(row.createdAtMs) < endedBeforeMs || exceeds(amount, rule);
      if (!isForgotten || isSpent(budget)) return;
      deliveries.forget(deliveryColumns.decode(row));
      amount = spend(budget, row, amount);
    }
  };
}

function updateEndpoint(endpoints: Endpoints, before: EndpointRecord, after: EndpointRecord): void {
  if (after !== before) endpoints.update(after);
}

function isDropped(endpoints: Endpoints, endpointId: string, dueAtMs: number, rule: PruneRule): boolean {
  const endpoint = endpoints.get(endpointId);
  if (!endpoint) return true;
  const expiry = rule.expireHeld(endpoint, dueAtMs);
  updateEndpoint(endpoints, endpoint, expiry.endpoint);
  return expiry.isDropped;
}

function pruneHeld(accountId: string): Visit {
  return ({ sql, endpoints, deliveries }, rule, budget) => {
    const { nowMs, heldMs } = rule;
    let amount = readUsage(sql, accountId, 'held');
    const limit = budget.rows;
    const expiredBeforeMs = nowMs - heldMs;
    for (const row of readOldest(sql, { accountId, retentionClass: 'held', expiredBeforeMs, nowMs, limit })) {
      if (isSpent(budget)) return;
      const dueAtMs = heldDueAtMs(Number(row.createdAtMs), amount, rule);
      if (dueAtMs === undefined) return;
      const delivery = deliveryColumns.decode(row);
      if (!isDropped(endpoints, delivery.endpointId, dueAtMs, rule)) continue;
      deliveries.forget(delivery);
      amount = spend(budget, row, amount);
    }
  };
}

/** Prunes events that have no deliveries. */
function pruneUnheard(accountId: string): Visit {
  return ({ sql }, rule, budget) => {
    const key = escapeText(accountId);
    let amount = readUsage(sql, accountId, 'unheard');
    const rows = sql(
      `SELECT id, createdAtMs, length(body) AS bytes FROM events WHERE deliveryCount = 0 AND accountId = ?
       ORDER BY createdAtMs LIMIT ?`,
    ).all(key, budget.rows);
    for (const row of rows) {
      const isForgotten = Number(row.createdAtMs) < rule.endedBeforeMs || exceeds(amount, rule);
      if (!isForgotten || isSpent(budget)) return;
      sql('DELETE FROM events WHERE accountId = ? AND id = ?').run(key, row.id ?? null);
      amount = spend(budget, row, amount);
    }
  };
}

/**
 * Passes the oldest held delivery of an endpoint through the rule, so that the owner is notified in time.
 * `pruneHeld` does not reach it if other endpoints of the account have older deliveries.
 */
function notifyHeld(endpointId: string): Visit {
  return ({ sql, endpoints }, rule) => {
    const row = sql(
      `SELECT * FROM deliveries WHERE ${conditions.held} AND endpointId = ? ORDER BY createdAtMs LIMIT 1`,
    ).get(escapeText(endpointId));
    const endpoint = endpoints.get(endpointId);
    if (!row || !endpoint) return;
    const { accountId, createdAtMs } = deliveryColumns.decode(row);
    const dueAtMs = heldDueAtMs(createdAtMs, readUsage(sql, accountId, 'held'), rule);
    const expiry = dueAtMs === undefined ? undefined : rule.expireHeld(endpoint, dueAtMs);
    if (expiry && !expiry.isDropped) updateEndpoint(endpoints, endpoint, expiry.endpoint);
  };
}

function pruneIdempotencyKeys({ sql }: RetentionTables, rule: PruneRule, budget: Budget): void {
  const { changes } = sql(
    `DELETE FROM idempotency_keys WHERE (accountId, key) IN
       (SELECT accountId, key FROM idempotency_keys WHERE begunAtMs < ? LIMIT ?)`,
  ).run(rule.keysBeforeMs, budget.rows);
  budget.rows -= Number(changes);
}

const pruneClass: Readonly<Record<RetentionClass, (accountId: string) => Visit>> = {
  ended: pruneEnded,
  held: pruneHeld,
  unheard: pruneUnheard,
};

/** Visits each account and class. Reads them in pages because other transactions write between two steps. */
function* visitAccounts(sql: Sql): Generator<Visit> {
  const page = sql(
    `SELECT accountId, retentionClass FROM retention_usage WHERE (accountId, retentionClass) > (?, ?)
     ORDER BY accountId, retentionClass LIMIT ${accountsPerPage}`,
  );
  for (let last: Row | undefined = { accountId: '', retentionClass: '' }; last;) {
    const rows: Row[] = page.all(last.accountId ?? '', last.retentionClass ?? '');
    for (const row of rows) {
      yield pruneClass[row.retentionClass as RetentionClass](unescapeText(String(row.accountId)));
    }
    last = rows.at(-1);
  }
}

function* visitEndpoints(sql: Sql): Generator<Visit> {
  const next = sql(
    `SELECT endpointId FROM deliveries WHERE ${conditions.held} AND endpointId > ? ORDER BY endpointId LIMIT 1`,
  );
  for (let row = next.get(''); row; row = next.get(row.endpointId ?? '')) {
    yield notifyHeld(unescapeText(String(row.endpointId)));
  }
}

function* visitAll(sql: Sql): Generator<Visit> {
  yield* visitAccounts(sql);
  yield* visitEndpoints(sql);
  yield pruneIdempotencyKeys;
}

/** Returns `SenderStore.prune`, to be called in a transaction. Each call continues where the last one stopped. */
export function createRetention(tables: RetentionTables): (rule: PruneRule) => PruneStep {
  let pass: Iterator<Visit> | undefined;
  let visit: Visit | undefined;
  return (rule) => {
    const budget = { rows: rule.limit, bytes: maxBytesPerStep };
    for (let visited = 0; visited < maxVisitsPerStep && !isSpent(budget); visited += 1) {
      if (!visit) {
        const next = (pass ??= visitAll(tables.sql)).next();
        if (next.done === true) {
          pass = undefined;
          return { forgotten: rule.limit - budget.rows, isComplete: true };
        }
        visit = next.value;
      }
      const rowsBefore = budget.rows;
      visit(tables, rule, budget);
      if (budget.rows === rowsBefore) visit = undefined;
    }
    return { forgotten: rule.limit - budget.rows, isComplete: false };
  };
}
