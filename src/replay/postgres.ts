/**
 * Keeps the ids of handled events in Postgres, so that several processes handle an event once. Works with `pg`,
 * postgres.js, Neon, PGlite, Drizzle and TypeORM.
 *
 * @module replay/postgres
 */
import { escapeText } from '../shared/escape-text.js';
import type { ReplayClaim, ReplayStore } from './store.js';
import { codeOf, createStatements, type PostgresClient, type Statements } from './postgres-client.js';

export type { QueryClient, UnsafeClient } from './postgres-client.js';

/** Options of {@link createPostgresReplayStore}. */
export interface PostgresReplayStoreOptions {
  /**
   * The table, with its schema if it is not on the search path. Give each service its own: of two services that share a table and
   * both receive an event, only one would run its handlers.
   * @default 'hostwares_webhook_replay'
   */
  table?: string | undefined;
}

/** The store that {@link createPostgresReplayStore} creates. */
export interface PostgresReplayStore extends ReplayStore {
  /**
   * Creates the table and its index if they do not exist. Call it once, when you deploy or start.
   *
   * @throws `TypeError` if the client's result has the shape of none of the supported clients.
   */
  migrate(): Promise<void>;
  /**
   * Deletes expired rows and resolves to their number. One in a thousand claims does this too, in any process; call it yourself if that is
   * not often enough.
   *
   * @param limit - The largest number of rows to delete. Default 10,000.
   */
  cleanUp(limit?: number): Promise<number>;
}

/** Random, not counted: a process that ends after ten claims would never count to a thousand. */
const cleanUpProbability = 1 / 1_000;
const rowsPerCleanUp = 10_000;
/** The retry delay while the other claim is not committed, since its lease cannot be read yet. */
const justNowMs = 1_000;
/** SQLSTATE of a missing table. */
const undefinedTable = '42P01';

const after = (parameter: string): string => `now() + ${parameter}::float8 * interval '1 millisecond'`;
const owned = 'id = $1 AND token = $2 AND expires_at > now()';

/** Builds the statements of a store. A row whose token is null is done. */
function statementsOn(
  table: string,
): Record<'migrate' | 'claim' | 'complete' | 'release' | 'extend' | 'cleanUp', string> {
  const count = (change: string): string =>
    `WITH changed AS (${change} RETURNING 1) SELECT count(*)::text AS changed FROM changed`;
  const update = (set: string): string => count(`UPDATE ${table} SET ${set} WHERE ${owned}`);
  return {
    // The lock is for processes that start at the same time: IF NOT EXISTS alone fails then.
    migrate: `DO $migration$ BEGIN
       PERFORM pg_advisory_xact_lock(hashtext('${table}'));
       CREATE TABLE IF NOT EXISTS ${table} (
         id text PRIMARY KEY,
         token text,
         attempt int NOT NULL DEFAULT 1,
         lease_until timestamptz NOT NULL,
         expires_at timestamptz NOT NULL
       );
       CREATE INDEX IF NOT EXISTS ${table.replace('.', '_')}_expiry ON ${table} (expires_at);
     END $migration$`,
    // WHERE NOT EXISTS leaves an id that is done or busy unlocked. ON CONFLICT locks the row even if it changes nothing, which costs a
    // wait for the disk and, under repeatable read, serialization failures of concurrent claims.
    claim: `WITH claimed AS (
         INSERT INTO ${table} AS known (id, token, lease_until, expires_at)
         SELECT $1, $2, ${after('$3')}, ${after('$4')}
         WHERE NOT EXISTS (
           SELECT FROM ${table} WHERE id = $1 AND expires_at > now() AND (token IS NULL OR lease_until > now())
         )
         ON CONFLICT (id) DO UPDATE
           SET token = excluded.token, lease_until = excluded.lease_until, expires_at = excluded.expires_at,
             attempt = CASE WHEN known.expires_at <= now() THEN 1 ELSE known.attempt + 1 END
           WHERE known.expires_at <= now() OR (known.token IS NOT NULL AND known.lease_until <= now())
         RETURNING attempt
       )
       SELECT CASE
         WHEN claimed.attempt IS NOT NULL THEN 'claimed ' || claimed.attempt
         WHEN known.token IS NULL AND known.expires_at > now() THEN 'done'
         ELSE 'busy ' || greatest(0, ceil(extract(epoch FROM known.lease_until - now()) * 1000))
       END AS claim
       FROM (SELECT 1) AS always
       LEFT JOIN claimed ON true
       LEFT JOIN ${table} AS known ON known.id = $1 AND claimed.attempt IS NULL`,
    complete: update('token = NULL'),
    // `released` is the token of no claim.
    release: update("token = 'released', lease_until = now()"),
    extend: update(`lease_until = ${after('$3')}`),
    cleanUp: count(
      `DELETE FROM ${table} WHERE id IN
         (SELECT id FROM ${table} WHERE expires_at <= now() LIMIT $1::int FOR UPDATE SKIP LOCKED)`,
    ),
  };
}

function toClaim(answer: string, token: string): ReplayClaim {
  const [status, number] = answer.split(' ');
  if (status === 'claimed') return { status, token, attempt: Number(number) };
  if (status === 'done') return { status };
  return { status: 'busy', retryAfterMs: Number(number) || justNowMs };
}

/**
 * Creates a replay store in Postgres that all processes share, on your own client: a pool of `pg`, postgres.js, PGlite, Neon's
 * `neon(url)` or its pool, or a DataSource of TypeORM. It writes one row per event, runs one statement per call, and uses the clock of
 * the server.
 *
 * Pass a pool, not a client within a transaction: other processes must see each write at once. Serialization failures and deadlocks
 * are retried, so the store works under any `default_transaction_isolation`. A pool of `pg` without a listener for `error` gets one,
 * since a restart of Postgres would otherwise end the process.
 *
 * @throws `TypeError` for any other client, and for a `table` that is not a name.
 *
 * @example
 * const pool = new Pool();
 * pool.on('error', (error) => console.error(`postgres: ${error.message}`));
 * const store = createPostgresReplayStore(pool);
 * await store.migrate();
 * const receiver = createReceiver({ secret, replay: { store } });
 */
export function createPostgresReplayStore(
  client: PostgresClient,
  { table = 'hostwares_webhook_replay' }: PostgresReplayStoreOptions = {},
): PostgresReplayStore {
  const statements = createStatements(client);
  if (!/^(?:[a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/.test(table) || table.length > 60) {
    throw new TypeError('table must be a name in lower case, with or without its schema: hooks.replay.');
  }
  const sql = statementsOn(table);

  const step: Statements['ask'] = (text, ...values) =>
    statements.ask(text, ...values).catch((cause: unknown) => {
      if (codeOf(cause) !== undefinedTable) throw cause;
      throw new Error(`The table ${table} is missing: call store.migrate() once, when you deploy or start.`, {
        cause,
      });
    });
  const cleanUp = async (limit = rowsPerCleanUp): Promise<number> => Number(await step(sql.cleanUp, limit));

  return {
    async migrate() {
      await statements.ask('SELECT $1::text AS probe', 'rows');
      await statements.run(sql.migrate);
    },
    cleanUp,
    async claim(id, { leaseMs, ttlMs }) {
      const token = crypto.randomUUID();
      const answer = await step(sql.claim, escapeText(id), token, leaseMs, ttlMs);
      if (Math.random() < cleanUpProbability) cleanUp().catch(() => undefined);
      return toClaim(answer, token);
    },
    complete: async (id, token) => (await step(sql.complete, escapeText(id), token)) === '1',
    release: async (id, token) => (await step(sql.release, escapeText(id), token)) === '1',
    extend: async (id, token, leaseMs) => (await step(sql.extend, escapeText(id), token, leaseMs)) === '1',
  };
}
