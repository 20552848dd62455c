import process from 'node:process';
import type * as nodeSqlite from 'node:sqlite';
import type { DatabaseSync } from 'node:sqlite';
import { describeFile, explainError, type DatabaseFile } from './file.js';

/** How much a commit waits for: `full` outlives a power cut, `normal` outlives the process only. */
export type Synchronous = 'full' | 'normal';

/** As the index of ended deliveries has it. */
export const isEnded = "status IN ('succeeded', 'failed', 'cancelled')";

const classOf = (row: 'OLD' | 'NEW'): string => `iif(${row}.status = 'held', 'held', 'ended')`;
const isCounted = (row: 'OLD' | 'NEW'): string => `(${row}.${isEnded} OR ${row}.status = 'held')`;
const count = (accountId: string, of: string, bytes: string): string =>
  `INSERT INTO kept (accountId, class, count, bytes) VALUES (${accountId}, ${of}, 1, ${bytes})
     ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;`;
const discount = (accountId: string, of: string, bytes: string): string => {
  const where = `WHERE accountId = ${accountId} AND class = ${of}`;
  return `UPDATE kept SET count = count - 1, bytes = bytes - ${bytes} ${where};
    DELETE FROM kept ${where} AND count = 0;`;
};
const countNew = count('NEW.accountId', classOf('NEW'), 'NEW.bytes');
const discountOld = discount('OLD.accountId', classOf('OLD'), 'OLD.bytes');

/** Counts per account what may be forgotten. Triggers, so that no statement can leave the counts behind. */
const retention = `
  ALTER TABLE endpoints ADD COLUMN heldExpiresAtMs INTEGER;
  ALTER TABLE endpoints ADD COLUMN heldDroppedAtMs INTEGER;
  ALTER TABLE endpoints ADD COLUMN heldNotificationPending INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX endpoints_held_notices ON endpoints (seq) WHERE heldNotificationPending = 1;

  -- Of the event's body and of all ended attempts.
  ALTER TABLE deliveries ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
  UPDATE deliveries SET bytes =
    coalesce((SELECT length(body) FROM events WHERE events.id = eventId AND events.accountId = deliveries.accountId), 0)
    + coalesce((SELECT sum(length(requestHeaders) + length(result)) FROM attempts WHERE deliveryId = deliveries.id), 0);
  DROP INDEX deliveries_over;
  DROP INDEX deliveries_held;
  DROP INDEX events_unheard;
  CREATE INDEX deliveries_ended ON deliveries (accountId, createdAtMs) WHERE ${isEnded};
  CREATE INDEX deliveries_held ON deliveries (endpointId, createdAtMs) WHERE status = 'held';
  CREATE INDEX deliveries_held_account ON deliveries (accountId, createdAtMs) WHERE status = 'held';
  CREATE INDEX events_unheard ON events (accountId, createdAtMs) WHERE deliveries = 0;

  CREATE TABLE kept (
    accountId TEXT NOT NULL,
    class TEXT NOT NULL,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (accountId, class)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO kept SELECT accountId, iif(status = 'held', 'held', 'ended') AS class, count(*), sum(bytes)
    FROM deliveries WHERE ${isEnded} OR status = 'held' GROUP BY accountId, class;
  INSERT INTO kept SELECT accountId, 'unheard', count(*), sum(length(body))
    FROM events WHERE deliveries = 0 GROUP BY accountId;
  CREATE TRIGGER deliveries_inserted AFTER INSERT ON deliveries WHEN ${isCounted('NEW')} BEGIN ${countNew} END;
  CREATE TRIGGER deliveries_left AFTER UPDATE OF status ON deliveries
    WHEN OLD.status <> NEW.status AND ${isCounted('OLD')} BEGIN ${discountOld} END;
  CREATE TRIGGER deliveries_entered AFTER UPDATE OF status ON deliveries
    WHEN OLD.status <> NEW.status AND ${isCounted('NEW')} BEGIN ${countNew} END;
  CREATE TRIGGER deliveries_deleted AFTER DELETE ON deliveries WHEN ${isCounted('OLD')} BEGIN ${discountOld} END;
  -- Not those whose deliveries were forgotten: they had places for them.
  CREATE TRIGGER events_inserted AFTER INSERT ON events WHEN NEW.deliveries = 0
    BEGIN ${count('NEW.accountId', "'unheard'", 'length(NEW.body)')} END;
  CREATE TRIGGER events_deleted AFTER DELETE ON events WHEN OLD.lastSeq < OLD.firstSeq
    BEGIN ${discount('OLD.accountId', "'unheard'", 'length(OLD.body)')} END;

  ALTER TABLE keys ADD COLUMN resourceId TEXT NOT NULL DEFAULT '';
  ALTER TABLE keys ADD COLUMN isAbandoned INTEGER NOT NULL DEFAULT 0;`;

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
    disabledNotificationPending INTEGER NOT NULL,
    createdAtMs INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX endpoints_account ON endpoints (accountId);
  CREATE INDEX endpoints_notices ON endpoints (seq) WHERE disabledNotificationPending = 1;

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
    response TEXT,
    PRIMARY KEY (accountId, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX keys_begun ON keys (begunAtMs);`,
  retention,

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
  ) STRICT, WITHOUT ROWID;
  -- One that is finished without deliveries, by lastSeq below firstSeq.
  CREATE TRIGGER events_finished AFTER UPDATE OF lastSeq ON events
    WHEN OLD.lastSeq >= OLD.firstSeq AND NEW.lastSeq < NEW.firstSeq
    BEGIN ${count('NEW.accountId', "'unheard'", 'length(NEW.body)')} END;`,
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

/** A database that this process has to itself. */
export interface OpenDatabase {
  readonly database: DatabaseSync;
  /** Undefined for one in memory. */
  readonly file: DatabaseFile | undefined;
}

/**
 * Values of `application_id`, which is in the header of the file itself. A clean close removes the WAL, so a file that says `open` and
 * has none has lost the commits that were in it.
 */
const markers = { open: 0x4857_4f50, closed: 0x4857_434c };

function copyWalIntoFile(database: DatabaseSync): void {
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
}

function checkWal(database: DatabaseSync, file: DatabaseFile | undefined): void {
  const marker = database.prepare('PRAGMA application_id').get()?.application_id;
  if (!file?.hadNoWal || marker !== markers.open) return;
  throw new Error(
    `${file.path}-wal is missing, though the last process did not close the store: commits are lost. Put it back; if it is gone for ` +
      'good, create an empty file of that name to go on without them.',
  );
}

function prepareDatabase(database: DatabaseSync, synchronous: Synchronous, file?: DatabaseFile): void {
  // The lock is taken with the first transaction and kept; the end of the process frees it, however it ends.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(`PRAGMA synchronous = ${synchronous}`);
  // 16 MiB of pages: rows that are written often are copied into the file once.
  database.exec('PRAGMA wal_autocheckpoint = 4096');
  database.exec('PRAGMA journal_size_limit = 67108864');
  database.exec('PRAGMA cache_size = -16384');
  database.exec('BEGIN EXCLUSIVE');
  checkWal(database, file);
  migrate(database, file?.path ?? ':memory:');
  database.exec(`PRAGMA application_id = ${markers.open}`);
  database.exec('COMMIT');
  copyWalIntoFile(database);
  file?.watch();
}

/**
 * Opens the file, creates or migrates it, and locks it for this process until it is closed: a second process is rejected.
 */
export function openDatabase(path: string, synchronous: Synchronous): OpenDatabase {
  const { DatabaseSync } = sqlite();
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path);
  } catch (error) {
    throw explainError(path, error);
  }
  const file = describeFile(database);
  try {
    prepareDatabase(database, synchronous, file);
    return { database, file };
  } catch (error) {
    database.close();
    throw explainError(path, error);
  }
}

/** Closes the database, and marks its file as closed once nothing but that mark is left in the WAL. */
export function closeDatabase(database: DatabaseSync): void {
  try {
    copyWalIntoFile(database);
    database.exec(`PRAGMA application_id = ${markers.closed}`);
  } catch {
    // A full disk, for example: the WAL stays, and the next open reads it.
  } finally {
    database.close();
  }
}
