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

/** So long a transaction takes more work: beyond it the rest waits for the next turn of the event loop. */
const groupMs = 20;

export function createCommits(database: DatabaseSync, hooks: CommitHooks): Commits {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  let jobs: Job[] = [];

  /** Does as many jobs as it begins within the time, at least one; or throws and has done nothing. */
  function transact(batch: readonly Job[], limitMs: number): number {
    const untilMs = performance.now() + limitMs;
    begin.run();
    try {
      const told: (() => void)[] = [];
      for (const job of batch) {
        told.push(job.run());
        if (performance.now() > untilMs) break;
      }
      hooks.beforeCommit();
      commit.run();
      for (const tell of told) tell();
      return told.length;
    } catch (error) {
      // A full disk has ended the transaction already.
      if (database.isTransaction) database.exec('ROLLBACK');
      hooks.afterRollback();
      throw error;
    }
  }

  /** Of the jobs of one transaction one is at fault, and only that one must fail: each by itself. */
  function retryEach(batch: readonly Job[]): void {
    for (const job of batch) {
      try {
        transact([job], Infinity);
      } catch (error) {
        job.reject(error);
      }
    }
  }

  /** Does as many of the jobs as fit into one transaction of bounded length. */
  function flush(limitMs: number): void {
    const batch = jobs;
    jobs = [];
    if (batch.length === 0) return;
    let done = batch.length;
    try {
      done = transact(batch, limitMs);
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error);
      else retryEach(batch);
    }
    if (done === batch.length) return;
    jobs = batch.slice(done);
    flushSoon();
  }

  function flushSoon(): void {
    setImmediate(() => {
      flush(groupMs);
    });
  }

  return {
    write(work) {
      return new Promise((resolve, reject) => {
        if (!database.isOpen) throw new Error('The store is closed: stop the sender before it.');
        if (jobs.length === 0) flushSoon();
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
      flush(Infinity);
      if (database.isOpen) database.close();
    },
  };
}
