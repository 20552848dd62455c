import type { DatabaseSync } from 'node:sqlite';

/** Writes that arrive in the same turn of the event loop, in one transaction: they share the wait for the disk. */
export interface Commits {
  /**
   * Resolves once the work is committed. Work that throws is undone by itself, and rejects. It may be done twice,
   * the first time in vain.
   */
  write<Value>(work: () => Value): Promise<Value>;
  /** Commits what is waiting and closes the database. */
  close(): void;
}

interface Job {
  /** Does the work; returns what tells of it after the commit. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** What surrounds the work of a transaction. */
export interface CommitHooks {
  /** Within it, after all of its work. */
  readonly beforeCommit: () => void;
  /** After it was undone. */
  readonly afterRollback: () => void;
}

export function createCommits(database: DatabaseSync, hooks: CommitHooks): Commits {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  let jobs: Job[] = [];

  /** Does all of it, or throws and has done nothing. */
  function transact(batch: readonly Job[]): void {
    begin.run();
    try {
      const told = batch.map((job) => job.run());
      hooks.beforeCommit();
      commit.run();
      for (const tell of told) tell();
    } catch (error) {
      // A full disk has ended the transaction already.
      if (database.isTransaction) database.exec('ROLLBACK');
      hooks.afterRollback();
      throw error;
    }
  }

  function flush(): void {
    const batch = jobs;
    jobs = [];
    if (batch.length === 0) return;
    try {
      transact(batch);
      return;
    } catch (error) {
      if (batch.length === 1) {
        batch[0]?.reject(error);
        return;
      }
    }
    // One of them is at fault, and only that one must fail: each by itself.
    for (const job of batch) {
      try {
        transact([job]);
      } catch (error) {
        job.reject(error);
      }
    }
  }

  return {
    write(work) {
      return new Promise((resolve, reject) => {
        if (!database.isOpen) throw new Error('The store is closed: stop the sender before it.');
        if (jobs.length === 0) setImmediate(flush);
        jobs.push({
          run: () => {
            const value = work();
            return () => {
              resolve(value);
            };
          },
          reject,
        });
      });
    },
    close() {
      flush();
      if (database.isOpen) database.close();
    },
  };
}
