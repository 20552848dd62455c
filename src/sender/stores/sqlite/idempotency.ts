import type { StatementSync } from 'node:sqlite';
import { escapeText, unescapeText } from '../../../shared/escape-text.js';
import type { IdempotencyRecord } from '../../records.js';
import type { SenderStore } from '../store.js';
import type { Commits } from './commits.js';
import type { Row, Tables } from './tables.js';

function toKey(row: Row): IdempotencyRecord {
  const response = typeof row.response === 'string' ? (JSON.parse(row.response) as unknown) : null;
  return {
    ...row,
    accountId: unescapeText(String(row.accountId)),
    key: unescapeText(String(row.key)),
    isAbandoned: row.isAbandoned === 1,
    response,
  } as unknown as IdempotencyRecord;
}

/** The idempotency keys of the API. */
export function createSqliteKeys(
  tables: Tables,
  commits: Commits,
): Pick<SenderStore, 'claimIdempotencyKey' | 'storeResponse'> {
  const sql = (text: string): StatementSync => tables.sql(text);
  return {
    claimIdempotencyKey: (record, { beforeMs, abandonedMs, limit }) =>
      commits.write(() => {
        const { fingerprint, begunAtMs } = record;
        const accountId = escapeText(record.accountId);
        const key = escapeText(record.key);
        const row = sql('SELECT * FROM keys WHERE accountId = ? AND key = ?').get(accountId, key);
        const taken = row && toKey(row);
        const isFree = !taken || taken.begunAtMs < beforeMs;
        const isAbandoned =
          taken && (taken.isAbandoned || (taken.response === null && taken.begunAtMs < abandonedMs));
        if (!isFree && !(isAbandoned && taken.fingerprint === fingerprint)) {
          return { status: 'taken', record: taken };
        }
        if (!taken) {
          const known = sql('SELECT count(*) AS count FROM keys WHERE accountId = ?').get(accountId);
          if (Number(known?.count) >= limit) return { status: 'full' };
        }
        const claimed = isFree ? record : { ...record, resourceId: taken.resourceId };
        sql(
          `INSERT OR REPLACE INTO keys (accountId, key, fingerprint, resourceId, begunAtMs)
           VALUES (?, ?, ?, ?, ?)`,
        ).run(accountId, key, fingerprint, claimed.resourceId, begunAtMs);
        return { status: 'claimed', record: claimed };
      }),
    storeResponse: ({ accountId, key, begunAtMs }, outcome) =>
      commits.write(() => {
        const mine = [escapeText(accountId), escapeText(key), begunAtMs] as const;
        const where = 'WHERE accountId = ? AND key = ? AND begunAtMs = ?';
        if (outcome === 'released') sql(`DELETE FROM keys ${where}`).run(...mine);
        else if (outcome === 'abandoned') sql(`UPDATE keys SET isAbandoned = 1 ${where}`).run(...mine);
        else sql(`UPDATE keys SET response = ? ${where}`).run(JSON.stringify(outcome), ...mine);
      }),
  };
}
