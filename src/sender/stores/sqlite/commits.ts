import { closeDatabase, type OpenDatabase } from './database.js';
import { explainError } from './file.js';

/** Writes that arrive in the same turn of the event loop, in one transaction: they share the wait for the disk. */
export interface Commits {
  /**
   * Resolves once the work is committed. Work that throws is rolled back alone, and rejects. It may run twice,
   * the first time in vain.
   */
  write<Value>(work: () => Value): Promise<Value>;
  /** Runs work that changes nothing. */
  read<Value>(work: () => Value): Promise<Value>;
  /** Commits what is waiting and closes the database. */
  close(): void;
}

interface Job {
  /** Does the work; returns a function that resolves it after the commit. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** What surrounds the work of a transaction. */
export interface CommitHooks {
  /** Within it, after all of its work. */
  readonly beforeCommit: () => void;
  /** After it was rolled back. */
  readonly afterRollback: () => void;
}

/** Reads alone look for the file this often; each commit does before it resolves. */
const verifyIntervalMs = 1_000;

/** So long a transaction takes more work: beyond it the rest waits for the next turn of the event loop. */
const groupMs = 20;

export function createCommits({ database, file }: OpenDatabase, hooks: CommitHooks): Commits {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  let jobs: Job[] = [];
  let verifiedAtMs = performance.now();
  /** Why the file is lost. There is no way back: what was written since then is in no file. */
  let loss: { readonly error: unknown } | undefined;

  function verifyFile(): void {
    verifiedAtMs = performance.now();
    try {
      file?.verify();
    } catch (error) {
      loss = { error };
      throw error;
    }
  }

  function assertUsable(): void {
    if (!database.isOpen) throw new Error('The store is closed: stop the sender before it.');
    if (loss) throw loss.error;
  }

  const explained = (error: unknown): unknown => (file ? explainError(file.path, error) : error);

  /** Does as many jobs as it begins within the time, at least one; or throws and has done nothing. */
  function transact(batch: readonly Job[], limitMs: number): number {
    assertUsable();
    const untilMs = performance.now() + limitMs;
    begin.run();
    try {
      const resolvers: (() => void)[] = [];
      for (const job of batch) {
        resolvers.push(job.run());
        if (performance.now() > untilMs) break;
      }
      hooks.beforeCommit();
      commit.run();
      verifyFile();
      for (const resolve of resolvers) resolve();
      return resolvers.length;
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
        job.reject(explained(error));
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
      if (batch.length === 1) batch[0]?.reject(explained(error));
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
        assertUsable();
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
    async read(work) {
      assertUsable();
      if (performance.now() - verifiedAtMs >= verifyIntervalMs) verifyFile();
      try {
        return work();
      } catch (error) {
        throw explained(error);
      }
    },
    close() {
      flush(Infinity);
      if (database.isOpen) closeDatabase(database);
    },
  };
}
