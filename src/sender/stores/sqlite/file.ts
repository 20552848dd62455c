import { accessSync, constants, existsSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** The file of a database, and its write-ahead log (WAL) beside it. */
export interface DatabaseFile {
  readonly path: string;
  /** True if there was a file without a WAL: either the last process closed it, or someone deleted the WAL. */
  readonly hadNoWal: boolean;
  /** Records the inodes of both files for `verify`. */
  watch(): void;
  /** @throws Error if a file was deleted or replaced since `watch`: later commits would be lost. */
  verify(): void;
}

type Identity = { readonly dev: number; readonly ino: number } | undefined;

function identityOf(path: string): Identity {
  return statSync(path, { throwIfNoEntry: false });
}

function verifyIdentity(path: string, expected: Identity): void {
  const actual = identityOf(path);
  if (actual?.ino === expected?.ino && actual?.dev === expected?.dev) return;
  throw new Error(
    `${path} was ${actual ? 'replaced' : 'deleted'} while the store had it open: later writes would be lost. ` +
      'Stop the sender, close the store, restore the file, and start again.',
  );
}

/** The likely cause of each primary result code of SQLite. */
const causes: Readonly<Record<number, string>> = {
  5: 'it is in use by another process. Stop the other sender, or give this one another file.',
  8: 'it is not writable. Check its permissions and those of its folder.',
  10: 'the disk failed to read or write. Check the disk, its mount, and that no other program changed the file.',
  11: 'its content is damaged. Restore it from a backup.',
  13: 'the disk is full. Free some space.',
  14: 'it or its folder does not exist, it is not a file, or its permissions do not allow access.',
  26: 'it is not a database. Give the sender a file of its own.',
};

/** Describes why this process has no write access to a path; undefined if another cause is more likely. */
function describeAccessProblem(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EROFS') return 'its file system is mounted read-only.';
    if (code === 'EACCES' || code === 'EPERM') return 'this process has no permission to write it.';
    return undefined;
  }
}

/** Returns an error of SQLite with the path and the likely cause, and any other error unchanged. */
export function explainError(path: string, error: unknown): unknown {
  const { errcode, message } = Object(error) as { errcode?: unknown; message?: unknown };
  if (typeof errcode !== 'number') return error;
  // Extended result codes have details in the upper bytes.
  const primary = errcode & 0xff;
  const cause = describeAccessProblem(path) ?? causes[primary];
  return cause === undefined
    ? error
    : new Error(`${path}: ${cause} (SQLite: ${String(message)})`, { cause: error });
}

/** Describes the file of a database; undefined if the database is in memory. */
export function describeFile(database: DatabaseSync): DatabaseFile | undefined {
  const [main] = database.prepare('PRAGMA database_list').all();
  const path = main?.file;
  if (typeof path !== 'string' || path === '') return undefined;
  const walPath = `${path}-wal`;
  const hadNoWal = existsSync(path) && !existsSync(walPath);
  let file: Identity;
  let wal: Identity;
  return {
    path,
    hadNoWal,
    watch() {
      file = identityOf(path);
      wal = identityOf(walPath);
    },
    verify() {
      verifyIdentity(path, file);
      verifyIdentity(walPath, wal);
    },
  };
}
