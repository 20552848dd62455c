import { escapeText } from '../../../shared/escape-text.js';
import type { PageRequest } from '../store.js';
import type { Row, Tables } from './tables.js';

/** As far as one page is searched: nobody else waits for a filter that fits little. */
const rowsPerSearch = 5_000;

/** Equations for SQL, and their values. */
function conditions(columns: Readonly<Record<string, string | undefined>>): [string, string[]] {
  const set = Object.entries(columns).flatMap(([column, value]) =>
    value === undefined ? [] : [[column, escapeText(value)] as const],
  );
  return [set.map(([column]) => ` AND ${column} = ?`).join(''), set.map(([, value]) => value)];
}

/** Reads a page, newest first: of what is in `scope`, those that fit `filter`. */
export function readPage(
  tables: Tables,
  table: 'endpoints' | 'deliveries',
  scope: Readonly<Record<string, string | undefined>>,
  filter: Readonly<Record<string, string | undefined>>,
  { cursor, limit }: PageRequest,
): { readonly rows: readonly Row[]; readonly nextCursor: string | undefined } {
  const [inScope, scopeValues] = conditions(scope);
  const [fits, filterValues] = conditions(filter);
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  const searched = `FROM ${table} WHERE seq < ?${inScope} ORDER BY seq DESC`;
  const found = tables
    .sql(
      `SELECT * FROM (SELECT * ${searched} LIMIT ${rowsPerSearch}) WHERE true${fits} ORDER BY seq DESC LIMIT ?`,
    )
    .all(before, ...scopeValues, ...filterValues, limit + 1);
  const rows = found.slice(0, limit);
  if (found.length > limit) return { rows, nextCursor: String(rows.at(-1)?.seq) };
  const end = tables
    .sql(`SELECT seq ${searched} LIMIT 1 OFFSET ${rowsPerSearch - 1}`)
    .get(before, ...scopeValues);
  return { rows, nextCursor: end && String(end.seq) };
}
