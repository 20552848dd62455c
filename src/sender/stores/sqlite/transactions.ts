import type { DatabaseSync } from 'node:sqlite';
import type { FileGuard } from './file-guard.js';

/** Work of a transaction. Returns a function that resolves its result; it is called after the commit. */
export type Work = () => () => void;

/** The hooks that the store adds to each transaction. */
export interface TransactionHooks {
  /** Runs in the transaction, after all work. */
  readonly beforeCommit: () => void;
  /** Runs after a rollback: cached rows may be wrong. */
  readonly afterRollback: () => void;
}

/**
 * Returns a function that runs work in one transaction until the time limit has passed, at least the first piece,
 * and returns how many pieces it ran. It either commits and resolves them, or throws after a rollback.
 */
export function createTransactions(
  database: DatabaseSync,
  guard: FileGuard,
  hooks: TransactionHooks,
): (works: readonly Work[], limitMs: number) => number {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');

  function runWorks(works: readonly Work[], untilMs: number): (() => void)[] {
    const resolvers: (() => void)[] = [];
    for (const work of works) {
      resolvers.push(work());
      if (performance.now() > untilMs) break;
    }
    return resolvers;
  }

  return (works, limitMs) => {
    guard.assertUsable();
    const untilMs = performance.now() + limitMs;
    begin.run();
    try {
      const resolvers = runWorks(works, untilMs);
      hooks.beforeCommit();
      commit.run();
      guard.verify();
      for (const resolve of resolvers) resolve();
      return resolvers.length;
    } catch (error) {
      // Some errors end the transaction themselves, for example a full disk.
      if (database.isTransaction) database.exec('ROLLBACK');
      hooks.afterRollback();
      throw error;
    }
  };
}
