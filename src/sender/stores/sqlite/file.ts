import { accessSync, constants, existsSync, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';

/** The file of a database on the disk, and its write-ahead log (WAL) beside it. */
export interface DatabaseFile {
  readonly path: string;
  /** True if there is a database but no WAL: no process uses it, and the last one closed it, or somebody removed the WAL. */
  readonly hadNoWal: boolean;
  /** Remembers which files are open, for `verify`. */
  watch(): void;
  /** @throws Error if a file was deleted or replaced since `watch`: commits go to a file that nobody will ever open again. */
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
    `${path} was ${actual ? 'replaced' : 'deleted'} while the store had it open: nothing written now would be kept. ` +
      'Stop the sender, close the store, put the file back and start again.',
  );
}

/** By the primary result codes of SQLite, if the disk itself does not tell. */
const causes: Readonly<Record<number, string>> = {
  5: 'it is in use: one process has the file to itself. Stop the other sender, or give this one another file.',
  8: 'it may not be written. Check its permissions and those of its folder.',
  10: 'the disk failed to read or write. Check the disk, its mount, and that nobody touched the file.',
  11: 'its content is damaged. Restore it from a backup.',
  13: 'the disk is full. Free some space.',
  14: 'it or its folder does not exist, is not a file, or may not be opened.',
  26: 'it is not a database. Give the sender a file of its own.',
};

/** What the file system says about a path. */
function accessProblem(path: string): string | undefined {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'EROFS') return 'its file system is mounted read-only.';
    if (code === 'EACCES' || code === 'EPERM') return 'this process may not write it.';
    return undefined;
  }
}

/** Names the path and the likely cause of an error of SQLite; gives any other error as it is. */
export function explainError(path: string, error: unknown): unknown {
  const { errcode, message } = Object(error) as { errcode?: unknown; message?: unknown };
  if (typeof errcode !== 'number') return error;
  // The extended codes have more in the upper bytes.
  const primary = errcode & 0xff;
  const cause = accessProblem(path) ?? causes[primary];
  return cause === undefined
    ? error
    : new Error(`${path}: ${cause} (SQLite: ${String(message)})`, { cause: error });
}

/** @returns Undefined for a database in memory. */
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
