import { closeDatabase, type OpenDatabase } from './database.js';
import { createFileGuard } from './file-guard.js';
import { createTransactions, type TransactionHooks, type Work } from './transactions.js';

/** Groups writes of one turn of the event loop into one transaction, so that they share one wait for the disk. */
export interface Commits {
  /**
   * Resolves after the commit. If work throws, only that work is rolled back and rejects. Work may run twice:
   * the first transaction is rolled back if other work in it throws.
   */
  write<Value>(work: () => Value): Promise<Value>;
  /** Runs work that changes nothing. */
  read<Value>(work: () => Value): Promise<Value>;
  /** Commits pending writes and closes the database. */
  close(): void;
}

interface Job {
  readonly work: Work;
  readonly reject: (error: unknown) => void;
}

/** How long a transaction accepts work. The remaining work waits for the next turn of the event loop. */
const groupMs = 20;

/** The writes that wait for their transaction. */
interface WriteQueue {
  push(job: Job): void;
  /** Commits the waiting jobs that fit into the time limit; the others wait for the next turn. */
  flush(limitMs: number): void;
}

function createWriteQueue(
  transact: (works: readonly Work[], limitMs: number) => number,
  explain: (error: unknown) => unknown,
): WriteQueue {
  let waiting: Job[] = [];

  /** Finds the job that throws by running each in a transaction of its own. */
  function runEach(jobs: readonly Job[]): void {
    for (const { work, reject } of jobs) {
      try {
        transact([work], Infinity);
      } catch (error) {
        reject(explain(error));
      }
    }
  }

  function runGroup(jobs: readonly Job[], limitMs: number): number {
    try {
      return transact(
        jobs.map(({ work }) => work),
        limitMs,
      );
    } catch (error) {
      if (jobs.length === 1) jobs[0]?.reject(explain(error));
      else runEach(jobs);
      return jobs.length;
    }
  }

  function flush(limitMs: number): void {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    const done = runGroup(jobs, limitMs);
    if (done === jobs.length) return;
    waiting = jobs.slice(done);
    flushNextTurn();
  }

  function flushNextTurn(): void {
    setImmediate(() => {
      flush(groupMs);
    });
  }

  return {
    flush,
    push(job) {
      if (waiting.length === 0) flushNextTurn();
      waiting.push(job);
    },
  };
}

export function createCommits(opened: OpenDatabase, hooks: TransactionHooks): Commits {
  const { database } = opened;
  const guard = createFileGuard(opened);
  const queue = createWriteQueue(createTransactions(database, guard, hooks), guard.explain);

  return {
    write: (work) =>
      new Promise((resolve, reject) => {
        guard.assertUsable();
        queue.push({
          work: () => {
            const value = work();
            return () => {
              resolve(value);
            };
          },
          reject,
        });
      }),
    async read(work) {
      guard.assertUsable();
      guard.verifyPeriodically();
      try {
        return work();
      } catch (error) {
        throw guard.explain(error);
      }
    },
    close() {
      queue.flush(Infinity);
      if (database.isOpen) closeDatabase(database);
    },
  };
}
