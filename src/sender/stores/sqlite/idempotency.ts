import { escapeText } from '../../../shared/escape-text.js';
import type { IdempotencyRecord } from '../../records.js';
import type { KeyClaim, KeyExpiry, SenderStore } from '../store.js';
import { replaceInto } from './columns.js';
import type { Commits } from './commits.js';
import { idempotencyColumns } from './schema.js';
import type { Sql } from './statements.js';

const replaceSql = replaceInto('idempotency_keys', idempotencyColumns);

function claimKey(
  sql: Sql,
  record: IdempotencyRecord,
  { beforeMs, abandonedMs, limit }: KeyExpiry,
): KeyClaim {
  const accountId = escapeText(record.accountId);
  const row = sql('SELECT * FROM idempotency_keys WHERE accountId = ? AND key = ?').get(
    accountId,
    escapeText(record.key),
  );
  const taken = row && idempotencyColumns.decode(row);
  const isFree = !taken || taken.begunAtMs < beforeMs;
  const isAbandoned =
    taken && (taken.isAbandoned || (taken.response === null && taken.begunAtMs < abandonedMs));
  if (!isFree && !(isAbandoned && taken.fingerprint === record.fingerprint)) {
    return { status: 'taken', record: taken };
  }
  if (!taken) {
    const own = sql('SELECT count(*) AS count FROM idempotency_keys WHERE accountId = ?').get(accountId);
    if (Number(own?.count) >= limit) return { status: 'full' };
  }
  const claimed = isFree ? record : { ...record, resourceId: taken.resourceId };
  sql(replaceSql).run(...idempotencyColumns.encode(claimed));
  return { status: 'claimed', record: claimed };
}

/** The methods of {@link SenderStore} for idempotency keys, each in a transaction. */
export function createIdempotencyKeys(
  sql: Sql,
  commits: Commits,
): Pick<SenderStore, 'claimIdempotencyKey' | 'storeResponse'> {
  return {
    claimIdempotencyKey: (record, expiry) => commits.write(() => claimKey(sql, record, expiry)),
    storeResponse: ({ accountId, key, begunAtMs }, outcome) =>
      commits.write(() => {
        const ownKey = [escapeText(accountId), escapeText(key), begunAtMs] as const;
        const where = 'WHERE accountId = ? AND key = ? AND begunAtMs = ?';
        if (outcome === 'released') sql(`DELETE FROM idempotency_keys ${where}`).run(...ownKey);
        else if (outcome === 'abandoned') {
          sql(`UPDATE idempotency_keys SET isAbandoned = 1 ${where}`).run(...ownKey);
        } else {
          sql(`UPDATE idempotency_keys SET response = ? ${where}`).run(JSON.stringify(outcome), ...ownKey);
        }
      }),
  };
}
