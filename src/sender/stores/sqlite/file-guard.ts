import type { OpenDatabase } from './database.js';
import { explainError } from './file.js';
import { assertOpen } from './statements.js';

/** Detects that the file of an open database was deleted or replaced. */
export interface FileGuard {
  /** @throws Error if the database is closed, or its file was lost. */
  assertUsable(): void;
  /** @throws Error if the file is lost. Every later `assertUsable` throws the same error. */
  verify(): void;
  /** Calls `verify` if the last call was at least a second ago. */
  verifyPeriodically(): void;
  /** Adds the path and the likely cause to an error of SQLite. */
  readonly explain: (error: unknown) => unknown;
}

const verifyIntervalMs = 1_000;

export function createFileGuard({ database, file }: OpenDatabase): FileGuard {
  let verifiedAtMs = performance.now();
  /** Set once: a file that is put back lacks the commits made since it was lost. */
  let loss: { readonly error: unknown } | undefined;

  function verify(): void {
    verifiedAtMs = performance.now();
    try {
      file?.verify();
    } catch (error) {
      loss = { error };
      throw error;
    }
  }

  return {
    assertUsable() {
      assertOpen(database);
      if (loss) throw loss.error;
    },
    verify,
    verifyPeriodically() {
      if (performance.now() - verifiedAtMs >= verifyIntervalMs) verify();
    },
    explain: (error) => (file ? explainError(file.path, error) : error),
  };
}
