import type { ReplayClaim, ReplayStore } from './contract.js';

/** What is used of `pg` (a Pool or a Client) and of PGlite. */
export interface QueryClient {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

/** What is used of postgres.js. */
export interface UnsafeClient {
  unsafe(text: string, values: never[]): PromiseLike<readonly unknown[]>;
}

/** Options of {@link createPostgresReplayStore}. */
export interface PostgresReplayStoreOptions {
  /**
   * The table, with its schema if it is not on the search path. One for each service: with the same one, two that each get an
   * event would run the handlers of only one.
   * @default 'hostwares_webhook_replay'
   */
  table?: string | undefined;
}

/** Made by {@link createPostgresReplayStore}. */
export interface PostgresReplayStore extends ReplayStore {
  /** Makes the table and its index, unless they are there. Call it once, when you deploy or start. */
  migrate(): Promise<void>;
  /**
   * Forgets what has expired, at most so many rows; resolves to how many. The store does it by itself at every
   * thousandth claim; call it if that is too seldom.
   */
  cleanUp(limit?: number): Promise<number>;
}

const claimsPerCleanUp = 1_000;
const rowsPerCleanUp = 10_000;
/** A row that was written in this very moment is not seen yet, or as it was before: it is somebody's claim. */
const justNowMs = 1_000;
/** Postgres' SQLSTATE for it. */
const undefinedTable = '42P01';

/**
 * A replay store in Postgres, shared by all processes that use it, with a client of `pg`, postgres.js or PGlite that you
 * have already. One row per event, one statement per step. A row is done once its token is null. Times are the server's.
 *
 * Give it a pool, not a client that is within a transaction: what it writes must be seen by others at once.
 *
 * @throws `TypeError` for something that is no such client, and for a name that is none.
 *
 * @example
 * const store = createPostgresReplayStore(new Pool());
 * await store.migrate();
 * const receiver = createReceiver({ secret, replay: { store } });
 */
export function createPostgresReplayStore(
  client: QueryClient | UnsafeClient,
  { table = 'hostwares_webhook_replay' }: PostgresReplayStoreOptions = {},
): PostgresReplayStore {
  const given = client as Partial<QueryClient & UnsafeClient> | undefined;
  if (typeof given?.query !== 'function' && typeof given?.unsafe !== 'function') {
    throw new TypeError('createPostgresReplayStore needs a client of pg, postgres.js or PGlite.');
  }
  if (!/^(?:[a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/.test(table) || table.length > 60) {
    throw new TypeError('table must be a name in lower case, with its schema or without: hooks.replay.');
  }
  const index = `${table.replace('.', '_')}_expiry`;
  let claims = 0;

  async function rows(
    text: string,
    ...values: (string | number)[]
  ): Promise<readonly Record<string, unknown>[]> {
    try {
      const found =
        'unsafe' in client
          ? await client.unsafe(text, values as never[])
          : (await client.query(text, values)).rows;
      return found as Record<string, unknown>[];
    } catch (cause) {
      if ((cause as { code?: unknown } | undefined)?.code !== undefinedTable) throw cause;
      throw new Error(`The table ${table} is missing: call store.migrate() once, when you deploy or start.`, {
        cause,
      });
    }
  }

  const after = (parameter: string): string => `now() + ${parameter}::float8 * interval '1 millisecond'`;
  const owned = 'id = $1 AND token = $2 AND expires_at > now()';

  async function cleanUp(limit = rowsPerCleanUp): Promise<number> {
    const gone = await rows(
      `DELETE FROM ${table} WHERE id IN
         (SELECT id FROM ${table} WHERE expires_at <= now() LIMIT $1::int FOR UPDATE SKIP LOCKED)
       RETURNING id`,
      limit,
    );
    return gone.length;
  }

  return {
    async migrate() {
      // Locked: IF NOT EXISTS alone fails where several processes start at once.
      await rows(
        `DO $migration$ BEGIN
           PERFORM pg_advisory_xact_lock(hashtext('${table}'));
           CREATE TABLE IF NOT EXISTS ${table} (
             id text PRIMARY KEY,
             token text,
             attempt int NOT NULL DEFAULT 1,
             lease_until timestamptz NOT NULL,
             expires_at timestamptz NOT NULL
           );
           CREATE INDEX IF NOT EXISTS ${index} ON ${table} (expires_at);
         END $migration$`,
      );
    },
    cleanUp,
    async claim(id, { leaseMs, ttlMs }): Promise<ReplayClaim> {
      const token = crypto.randomUUID();
      const [found] = await rows(
        `WITH claimed AS (
           INSERT INTO ${table} AS known (id, token, lease_until, expires_at)
           VALUES ($1, $2, ${after('$3')}, ${after('$4')})
           ON CONFLICT (id) DO UPDATE
             SET token = excluded.token, lease_until = excluded.lease_until, expires_at = excluded.expires_at,
               attempt = CASE WHEN known.expires_at <= now() THEN 1 ELSE known.attempt + 1 END
             WHERE known.expires_at <= now() OR (known.token IS NOT NULL AND known.lease_until <= now())
           RETURNING attempt
         )
         SELECT 'claimed' AS status, attempt, 0 AS wait_ms FROM claimed
         UNION ALL
         SELECT CASE WHEN token IS NULL AND expires_at > now() THEN 'done' ELSE 'busy' END, attempt,
           (extract(epoch FROM lease_until - now()) * 1000)::float8
         FROM ${table} WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM claimed)`,
        id,
        token,
        leaseMs,
        ttlMs,
      );
      claims += 1;
      if (claims % claimsPerCleanUp === 0) cleanUp().catch(() => undefined);
      if (found?.status === 'claimed') return { status: 'claimed', token, attempt: Number(found.attempt) };
      if (found?.status === 'done') return { status: 'done' };
      return {
        status: 'busy',
        retryAfterMs: Number(found?.wait_ms) > 0 ? Number(found?.wait_ms) : justNowMs,
      };
    },
    async complete(id, token) {
      const done = await rows(`UPDATE ${table} SET token = NULL WHERE ${owned} RETURNING id`, id, token);
      return done.length === 1;
    },
    async release(id, token) {
      // No claim has this token.
      const released = await rows(
        `UPDATE ${table} SET token = 'released', lease_until = now() WHERE ${owned} RETURNING id`,
        id,
        token,
      );
      return released.length === 1;
    },
    async extend(id, token, leaseMs) {
      const extended = await rows(
        `UPDATE ${table} SET lease_until = ${after('$3')} WHERE ${owned} RETURNING id`,
        id,
        token,
        leaseMs,
      );
      return extended.length === 1;
    },
  };
}
