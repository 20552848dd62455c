import process from 'node:process';
import type * as nodeSqlite from 'node:sqlite';
import type { DatabaseSync } from 'node:sqlite';
import { describeFile, explainError, type DatabaseFile } from './file.js';
import { schema, schemaVersion } from './schema.js';

/** Which failures a commit survives: `full` a power failure, `normal` only the end of the process. */
export type Synchronous = 'full' | 'normal';

function loadSqlite(): typeof nodeSqlite {
  // Not a static import: on an older Node it would fail with an error that does not say what to do.
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  const found = getBuiltinModule?.('node:sqlite') as typeof nodeSqlite | undefined;
  if (found) return found;
  throw new Error(`createSqliteStore needs Node 22.13 or later; this is ${process.version}.`);
}

/**
 * Values of `application_id`, which SQLite stores in the header of the file. A clean close removes the WAL, so a
 * file that is marked `open` and has no WAL has lost the commits that were in it.
 */
const markers = { open: 0x4857_4f50, closed: 0x4857_434c };

/** Reads a number from the header of the file. */
function readHeader(database: DatabaseSync, field: 'application_id' | 'user_version'): number {
  return Number(database.prepare(`PRAGMA ${field}`).get()?.[field]);
}

/**
 * Tells whether the database has the schema; false if it is empty. Changes nothing.
 *
 * @throws Error for a database with any other schema
 */
function hasSchema(database: DatabaseSync, path: string): boolean {
  const objects = database.prepare('SELECT count(*) AS count FROM sqlite_schema').get();
  const isEmpty = objects?.count === 0;
  const isOwn = Object.values(markers).includes(readHeader(database, 'application_id'));
  if (!isEmpty && !isOwn) {
    throw new Error(`${path} is the database of another program. Give the sender a file of its own.`);
  }
  const version = readHeader(database, 'user_version');
  if (version === schemaVersion && !isEmpty) return true;
  if (version !== 0) {
    throw new Error(
      `${path} has version ${version} of the sender's schema, and this package supports version ` +
        `${schemaVersion} only. Update the package, or give the sender another file.`,
    );
  }
  return false;
}

function createSchema(database: DatabaseSync): void {
  database.exec(schema);
  database.exec(`PRAGMA user_version = ${schemaVersion}`);
}

/** A database that is locked by this process. */
export interface OpenDatabase {
  readonly database: DatabaseSync;
  /** Undefined if the database is in memory. */
  readonly file: DatabaseFile | undefined;
}

function copyWalIntoFile(database: DatabaseSync): void {
  database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
}

function checkWal(database: DatabaseSync, file: DatabaseFile | undefined): void {
  if (!file?.hadNoWal || readHeader(database, 'application_id') !== markers.open) return;
  throw new Error(
    `${file.path}-wal is missing, though the last process did not close the store: commits are lost. ` +
      'Put it back. If it cannot be recovered, create an empty file of that name to continue without them.',
  );
}

function prepareDatabase(database: DatabaseSync, synchronous: Synchronous, file?: DatabaseFile): void {
  // SQLite takes the lock in the first transaction and keeps it. The operating system frees it if the process dies.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  // Before the journal mode, which is stored in the file: it may be another program's.
  const isPrepared = hasSchema(database, file?.path ?? ':memory:');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec(`PRAGMA synchronous = ${synchronous}`);
  // 4,096 pages are 16 MiB: a page that is written often is copied into the file once per checkpoint.
  database.exec('PRAGMA wal_autocheckpoint = 4096');
  database.exec('PRAGMA journal_size_limit = 67108864');
  database.exec('PRAGMA cache_size = -16384');
  database.exec('BEGIN EXCLUSIVE');
  checkWal(database, file);
  if (!isPrepared) createSchema(database);
  database.exec(`PRAGMA application_id = ${markers.open}`);
  database.exec('COMMIT');
  copyWalIntoFile(database);
  file?.watch();
}

/**
 * Opens the file, creates it if it does not exist, and locks it for this process until it is closed.
 *
 * @throws Error if another process uses the file, or it is not a database of a sender.
 */
export function openDatabase(path: string, synchronous: Synchronous): OpenDatabase {
  const { DatabaseSync } = loadSqlite();
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

/** Closes the database. Marks its file as closed after the WAL was copied into it. */
export function closeDatabase(database: DatabaseSync): void {
  try {
    copyWalIntoFile(database);
    database.exec(`PRAGMA application_id = ${markers.closed}`);
  } catch {
    // For example if the disk is full. The WAL stays, and the next process reads it.
  } finally {
    database.close();
  }
}
