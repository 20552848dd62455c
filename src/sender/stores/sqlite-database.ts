import process from 'node:process';
import type * as nodeSqlite from 'node:sqlite';
import type { DatabaseSync } from 'node:sqlite';

/** How much a commit waits for: `full` outlives a power cut, `normal` outlives the process only. */
export type Synchronous = 'full' | 'normal';

/**
 * The schema, a step per version of it; `user_version` counts those taken. A step that was released is never
 * changed: the next one is added. Columns are named as the fields of the records that they keep.
 */
const migrations: readonly string[] = [
  `CREATE TABLE endpoints (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    accountId TEXT,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    secret TEXT NOT NULL,
    status TEXT NOT NULL,
    disabledReason TEXT,
    disabledAtMs INTEGER,
    failingSinceMs INTEGER,
    lastError TEXT,
    noticePending INTEGER NOT NULL,
    createdAtMs INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX endpoints_account ON endpoints (accountId);
  CREATE INDEX endpoints_notices ON endpoints (seq) WHERE noticePending = 1;

  -- Its deliveries were made together: from firstSeq to lastSeq. Those by hand are counted only.
  CREATE TABLE events (
    accountId TEXT NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    body BLOB NOT NULL,
    createdAtMs INTEGER NOT NULL,
    firstSeq INTEGER NOT NULL,
    lastSeq INTEGER NOT NULL,
    deliveries INTEGER NOT NULL,
    PRIMARY KEY (id, accountId)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX events_unheard ON events (createdAtMs) WHERE deliveries = 0;

  CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    eventId TEXT NOT NULL,
    eventType TEXT NOT NULL,
    accountId TEXT NOT NULL,
    endpointId TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    dueAtMs INTEGER,
    token TEXT,
    leaseUntilMs INTEGER,
    createdAtMs INTEGER NOT NULL,
    -- The attempt that is on its way, as JSON: written with the claim. Once it has ended it is a row of attempts.
    pending TEXT
  ) STRICT;
  CREATE INDEX deliveries_endpoint ON deliveries (endpointId, seq);
  CREATE INDEX deliveries_first ON deliveries (endpointId, dueAtMs, seq)
    WHERE status = 'scheduled' AND attempts = 0;
  CREATE INDEX deliveries_retry ON deliveries (endpointId, dueAtMs, seq)
    WHERE status = 'scheduled' AND attempts > 0;
  CREATE INDEX deliveries_held ON deliveries (endpointId, seq) WHERE status = 'held';
  CREATE INDEX deliveries_attempting ON deliveries (leaseUntilMs) WHERE status = 'attempting';
  CREATE INDEX deliveries_over ON deliveries (seq) WHERE status IN ('succeeded', 'failed', 'cancelled');

  CREATE TABLE attempts (
    deliveryId TEXT NOT NULL,
    number INTEGER NOT NULL,
    url TEXT NOT NULL,
    startedAtMs INTEGER NOT NULL,
    endedAtMs INTEGER,
    outcome TEXT NOT NULL,
    requestHeaders TEXT,
    result TEXT,
    nextAttemptAtMs INTEGER,
    reason TEXT,
    PRIMARY KEY (deliveryId, number)
  ) STRICT, WITHOUT ROWID;

  -- What is first due at each endpoint, by lane: a claim looks here, not through all that waits.
  CREATE TABLE queues (
    lane TEXT NOT NULL,
    endpointId TEXT NOT NULL,
    dueAtMs INTEGER NOT NULL,
    PRIMARY KEY (lane, endpointId)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX queues_due ON queues (lane, dueAtMs, endpointId);

  CREATE TABLE keys (
    accountId TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    begunAtMs INTEGER NOT NULL,
    answer TEXT,
    PRIMARY KEY (accountId, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX keys_begun ON keys (begunAtMs);`,

  // The turns of accounts are kept in memory, and made from the deliveries.
  `DROP TABLE queues;

  -- Events with so many endpoints that they are stored in steps. One that is not finished has endpoints left from
  -- afterSeq to untilSeq, and counts one delivery more than it has. The ranges of deliveries are JSON.
  CREATE TABLE fanOuts (
    eventId TEXT NOT NULL,
    accountId TEXT NOT NULL,
    ranges TEXT NOT NULL,
    afterSeq INTEGER NOT NULL,
    untilSeq INTEGER NOT NULL,
    PRIMARY KEY (eventId, accountId),
    FOREIGN KEY (eventId, accountId) REFERENCES events (id, accountId) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;`,
];

function sqlite(): typeof nodeSqlite {
  // Not imported: on an older Node that would fail without saying what to do.
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  const found = getBuiltinModule?.('node:sqlite') as typeof nodeSqlite | undefined;
  if (found) return found;
  throw new Error(`createSqliteStore needs Node 22.13 or later; this is ${process.version}.`);
}

function migrate(database: DatabaseSync, path: string): void {
  const { version } = database
    .prepare('SELECT user_version AS version FROM pragma_user_version')
    .get() as unknown as { version: number };
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as unknown as {
    tables: number;
  };
  if (version > migrations.length) {
    throw new Error(
      `${path} has version ${version} of the sender's schema, this package knows ${migrations.length}: update it.`,
    );
  }
  if (version === 0 && tables > 0) {
    throw new Error(`${path} is the database of something else. Give the sender a file of its own.`);
  }
  for (const step of migrations.slice(version)) database.exec(step);
  database.exec(`PRAGMA user_version = ${migrations.length}`);
}

/**
 * Opens the file, makes it or brings it up to date, and keeps it for this process alone until it is closed:
 * a second one is refused.
 */
export function openDatabase(path: string, synchronous: Synchronous): DatabaseSync {
  const { DatabaseSync } = sqlite();
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path);
  } catch (cause) {
    throw new Error(`${path} cannot be opened: is its folder there, and may it be written?`, { cause });
  }
  try {
    // The lock is taken with the first transaction and kept; its death frees it, however the process dies.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${synchronous}`);
    // 16 MiB of pages: what is written again and again is copied into the file once.
    database.exec('PRAGMA wal_autocheckpoint = 4096');
    database.exec('PRAGMA journal_size_limit = 67108864');
    database.exec('PRAGMA cache_size = -16384');
    database.exec('BEGIN EXCLUSIVE');
    migrate(database, path);
    database.exec('COMMIT');
    return database;
  } catch (error) {
    database.close();
    const { errcode } = error as { errcode?: unknown };
    if (errcode !== 5) throw error;
    throw new Error(
      `${path} is in use: one process has the file to itself. Stop the other sender, or give this one another file.`,
      { cause: error },
    );
  }
}
