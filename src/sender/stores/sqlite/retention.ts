import type { StatementSync } from 'node:sqlite';
import { escapeText, unescapeText } from '../../../shared/escape-text.js';
import type { DeliveryRecord, EndpointRecord, RetentionClass } from '../../records.js';
import type { PruneRule, PruneStep } from '../store.js';
import { isEnded } from './database.js';
import { toDelivery, type Row, type Tables } from './tables.js';
import { exceeds, heldDueAtMs, type Amount } from '../usage.js';

/** What one step may still forget: few rows, and few bytes, since SQLite walks through every page that it frees. */
interface Budget {
  rows: number;
  bytes: number;
}

/** A part of a pass. It is visited until it spends nothing. */
type Visit = (rule: PruneRule, budget: Budget) => void;

const maxVisitsPerStep = 100;
const maxBytesPerStep = 4 * 1_048_576;
const accountsPerPage = 100;

const condition = { ended: isEnded, held: "status = 'held'" } as const;

/** Forgets, in steps, what accounts have beyond the rule. The caller runs each step in a transaction. */
export function createSqliteRetention(
  tables: Tables,
  forget: (delivery: DeliveryRecord) => void,
): (rule: PruneRule) => PruneStep {
  const sql = (text: string): StatementSync => tables.sql(text);
  let pass: Iterator<Visit> | undefined;
  let visit: Visit | undefined;

  function amountOf(accountId: string, of: RetentionClass): Amount {
    const row = sql('SELECT count, bytes FROM kept WHERE accountId = ? AND class = ?').get(
      escapeText(accountId),
      of,
    );
    return { count: Number(row?.count ?? 0), bytes: Number(row?.bytes ?? 0) };
  }

  function spend(budget: Budget, row: Row, amount: Amount): Amount {
    const bytes = Number(row.bytes);
    budget.rows -= 1;
    budget.bytes -= bytes;
    return { count: amount.count - 1, bytes: amount.bytes - bytes };
  }

  /** The oldest of an account; first those dated in the future that were created before an expired one. */
  function oldest(
    of: 'ended' | 'held',
    accountId: string,
    beforeMs: number,
    nowMs: number,
    limit: number,
  ): Row[] {
    const own = `SELECT * FROM deliveries WHERE ${condition[of]} AND accountId = ?`;
    const rows = sql(`${own} ORDER BY createdAtMs, seq LIMIT ?`).all(escapeText(accountId), limit);
    const expired = rows.filter(({ createdAtMs }) => Number(createdAtMs) < beforeMs);
    if (expired.length === 0) return rows;
    const lastSeq = Math.max(...expired.map(({ seq }) => Number(seq)));
    const misdated = sql(`${own} AND createdAtMs > ? AND seq < ? LIMIT ?`).all(
      escapeText(accountId),
      nowMs,
      lastSeq,
      limit,
    );
    return [...misdated.map((row) => ({ ...row, createdAtMs: 0 })), ...rows];
  }

  function pruneEnded(accountId: string): Visit {
    return (rule, budget) => {
      const { nowMs, endedBeforeMs } = rule;
      let amount = amountOf(accountId, 'ended');
      for (const row of oldest('ended', accountId, endedBeforeMs, nowMs, budget.rows)) {
        const isForgotten = Number(row.createdAtMs) < endedBeforeMs || exceeds(amount, rule);
        if (!isForgotten || budget.rows <= 0 || budget.bytes <= 0) return;
        forget(toDelivery(row));
        amount = spend(budget, row, amount);
      }
    };
  }

  function pruneHeld(accountId: string): Visit {
    return (rule, budget) => {
      let amount = amountOf(accountId, 'held');
      for (const row of oldest('held', accountId, rule.nowMs - rule.heldMs, rule.nowMs, budget.rows)) {
        if (budget.rows <= 0 || budget.bytes <= 0) return;
        const dueAtMs = heldDueAtMs(Number(row.createdAtMs), amount, rule);
        if (dueAtMs === undefined) return;
        if (!isDropped(unescapeText(String(row.endpointId)), dueAtMs, rule)) continue;
        forget(toDelivery(row));
        amount = spend(budget, row, amount);
      }
    };
  }

  function isDropped(endpointId: string, dueAtMs: number, rule: PruneRule): boolean {
    const endpoint = tables.endpoint(endpointId);
    if (!endpoint) return true;
    const expiry = rule.expireHeld(endpoint, dueAtMs);
    save(endpoint, expiry.endpoint);
    return expiry.isDropped;
  }

  function save(endpoint: EndpointRecord, changed: EndpointRecord): void {
    if (changed !== endpoint) tables.updateEndpoint(changed);
  }

  function pruneUnheard(accountId: string): Visit {
    return (rule, budget) => {
      let amount = amountOf(accountId, 'unheard');
      const rows = sql(
        `SELECT id, createdAtMs, length(body) AS bytes FROM events WHERE deliveries = 0 AND accountId = ?
         ORDER BY createdAtMs LIMIT ?`,
      ).all(escapeText(accountId), budget.rows);
      for (const row of rows) {
        const isForgotten = Number(row.createdAtMs) < rule.endedBeforeMs || exceeds(amount, rule);
        if (!isForgotten || budget.bytes <= 0) return;
        sql('DELETE FROM events WHERE accountId = ? AND id = ?').run(escapeText(accountId), row.id ?? null);
        amount = spend(budget, row, amount);
      }
    };
  }

  /** Accounts drop their oldest first; the owner of another endpoint has to be notified in time as well. */
  function notice(endpointId: string): Visit {
    return (rule) => {
      const row = sql(
        "SELECT * FROM deliveries WHERE status = 'held' AND endpointId = ? ORDER BY createdAtMs LIMIT 1",
      ).get(escapeText(endpointId));
      const endpoint = tables.endpoint(endpointId);
      if (!row || !endpoint) return;
      const { accountId, createdAtMs } = toDelivery(row);
      const dueAtMs = heldDueAtMs(createdAtMs, amountOf(accountId, 'held'), rule);
      const expiry = dueAtMs === undefined ? undefined : rule.expireHeld(endpoint, dueAtMs);
      if (expiry && !expiry.isDropped) save(endpoint, expiry.endpoint);
    };
  }

  const pruneKeys: Visit = (rule, budget) => {
    const { changes } = sql(
      `DELETE FROM keys WHERE (accountId, key) IN
         (SELECT accountId, key FROM keys WHERE begunAtMs < ? LIMIT ?)`,
    ).run(rule.keysBeforeMs, budget.rows);
    budget.rows -= Number(changes);
  };

  const pruneClass: Readonly<Record<string, (accountId: string) => Visit>> = {
    ended: pruneEnded,
    held: pruneHeld,
    unheard: pruneUnheard,
  };

  /** Reads in pages: others write between two steps. */
  function* visits(): Generator<Visit> {
    const page = sql(
      `SELECT accountId, class FROM kept WHERE (accountId, class) > (?, ?)
       ORDER BY accountId, class LIMIT ${accountsPerPage}`,
    );
    for (let last: Row | undefined = { accountId: '', class: '' }; last;) {
      const rows: Row[] = page.all(last.accountId ?? '', last.class ?? '');
      for (const row of rows) {
        const of = pruneClass[String(row.class)];
        if (of) yield of(unescapeText(String(row.accountId)));
      }
      last = rows.at(-1);
    }
    const nextHeld = sql(
      `SELECT endpointId FROM deliveries WHERE status = 'held' AND endpointId > ?
       ORDER BY endpointId LIMIT 1`,
    );
    for (let row = nextHeld.get(''); row; row = nextHeld.get(row.endpointId ?? '')) {
      yield notice(unescapeText(String(row.endpointId)));
    }
    yield pruneKeys;
  }

  return (rule) => {
    const budget = { rows: rule.limit, bytes: maxBytesPerStep };
    for (let visited = 0; visited < maxVisitsPerStep && budget.rows > 0 && budget.bytes > 0; visited += 1) {
      if (!visit) {
        const next = (pass ??= visits()).next();
        if (next.done === true) {
          pass = undefined;
          return { forgotten: rule.limit - budget.rows, isComplete: true };
        }
        visit = next.value;
      }
      const before = budget.rows;
      visit(rule, budget);
      if (budget.rows === before) visit = undefined;
    }
    return { forgotten: rule.limit - budget.rows, isComplete: false };
  };
}
