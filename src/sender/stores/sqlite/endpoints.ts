import { escapeText } from '../../../shared/escape-text.js';
import type { EndpointRecord } from '../../records.js';
import { insertInto } from './columns.js';
import { endpointColumns } from './schema.js';
import type { Sql } from './statements.js';

/** Reads and writes rows of `endpoints`, within the caller's transaction. */
export interface Endpoints {
  insert(endpoint: EndpointRecord): void;
  update(endpoint: EndpointRecord): void;
  /** Returns false if there is none. */
  delete(id: string): boolean;
  get(id: string): EndpointRecord | undefined;
  countOf(accountId: string | null): number;
  pendingDisabledNotifications(): readonly EndpointRecord[];
  pendingHeldNotifications(): readonly EndpointRecord[];
  /** Drops cached rows. Call it after a rollback. */
  clearCache(): void;
}

const maxCachedEndpoints = 10_000;

const changingColumns = endpointColumns.pick(
  'url',
  'events',
  'secret',
  'status',
  'disabledReason',
  'disabledAtMs',
  'failingSinceMs',
  'lastError',
  'disabledNotificationPending',
  'heldExpiresAtMs',
  'heldDroppedAtMs',
  'heldNotificationPending',
);
const insertSql = insertInto('endpoints', endpointColumns);
const updateSql = `UPDATE endpoints SET ${changingColumns.assignments} WHERE id = ?`;

export function createEndpoints(sql: Sql): Endpoints {
  // Only this process can change a row. The cache saves 4% of the CPU time of an event in bench/send.mjs.
  const cached = new Map<string, EndpointRecord>();
  const all = (condition: string): readonly EndpointRecord[] =>
    sql(`SELECT * FROM endpoints WHERE ${condition} ORDER BY seq`).all().map(endpointColumns.decode);

  return {
    insert(endpoint) {
      sql(insertSql).run(...endpointColumns.encode(endpoint));
    },
    update(endpoint) {
      sql(updateSql).run(...changingColumns.encode(endpoint), escapeText(endpoint.id));
      cached.delete(endpoint.id);
    },
    delete(id) {
      cached.delete(id);
      return sql('DELETE FROM endpoints WHERE id = ?').run(escapeText(id)).changes !== 0;
    },
    get(id) {
      const known = cached.get(id);
      if (known) return known;
      const row = sql('SELECT * FROM endpoints WHERE id = ?').get(escapeText(id));
      if (!row) return undefined;
      const endpoint = endpointColumns.decode(row);
      if (cached.size >= maxCachedEndpoints) cached.clear();
      cached.set(id, endpoint);
      return endpoint;
    },
    countOf(accountId) {
      const key = accountId === null ? null : escapeText(accountId);
      return Number(sql('SELECT count(*) AS count FROM endpoints WHERE accountId IS ?').get(key)?.count);
    },
    pendingDisabledNotifications: () => all('disabledNotificationPending = 1'),
    pendingHeldNotifications: () => all('heldNotificationPending = 1'),
    clearCache() {
      cached.clear();
    },
  };
}
