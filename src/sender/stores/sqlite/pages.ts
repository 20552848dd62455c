import { escapeText } from '../../../shared/escape-text.js';
import type { Page, PageRequest } from '../store.js';
import type { ColumnList } from './columns.js';
import type { Sql } from './statements.js';

/** The rows that one page searches: a filter with few matches must not block other calls. */
const rowsPerSearch = 5_000;

/** Values that columns must have; undefined matches every value. */
type Equalities = Readonly<Record<string, string | undefined>>;

/** The rows to list. */
export interface PageQuery<Item extends object> {
  readonly table: 'endpoints' | 'deliveries';
  readonly columns: ColumnList<Item>;
  /** Restricts the rows that are searched; an index supports it. */
  readonly scope: Equalities;
  /** Selects from the searched rows. */
  readonly filter: Equalities;
  readonly page: PageRequest;
}

/** SQL and parameters of equalities. */
function toSql(equalities: Equalities): { readonly sql: string; readonly values: readonly string[] } {
  const given = Object.entries(equalities).filter(([, value]) => value !== undefined) as [string, string][];
  return {
    sql: given.map(([column]) => ` AND ${column} = ?`).join(''),
    values: given.map(([, value]) => escapeText(value)),
  };
}

/** Reads one page, newest first. */
export function readPage<Item extends object>(sql: Sql, query: PageQuery<Item>): Page<Item> {
  const { table, columns } = query;
  const { cursor, limit } = query.page;
  const scope = toSql(query.scope);
  const filter = toSql(query.filter);
  const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : Number(cursor);
  const searched = `FROM ${table} WHERE seq < ?${scope.sql} ORDER BY seq DESC`;
  const found = sql(
    `SELECT * FROM (SELECT * ${searched} LIMIT ${rowsPerSearch})
     WHERE true${filter.sql} ORDER BY seq DESC LIMIT ?`,
  ).all(before, ...scope.values, ...filter.values, limit + 1);
  const rows = found.slice(0, limit);
  const items = rows.map(columns.decode);
  if (found.length > limit) return { items, nextCursor: String(rows.at(-1)?.seq) };
  const end = sql(`SELECT seq ${searched} LIMIT 1 OFFSET ${rowsPerSearch - 1}`).get(before, ...scope.values);
  return { items, nextCursor: end && String(end.seq) };
}
