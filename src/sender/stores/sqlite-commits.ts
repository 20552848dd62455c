import type { DatabaseSync } from 'node:sqlite';

/** Writes that arrive in the same turn of the event loop, in one transaction: they share the wait for the disk. */
export interface Commits {
  /** Resolves once the work is committed. Work that throws is undone by itself, and rejects. */
  write<Value>(work: () => Value): Promise<Value>;
  /** Commits what is waiting and closes the database. */
  close(): void;
}

interface Job {
  /** Does the work; returns what tells of it after the commit. */
  readonly run: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** @param beforeCommit - Runs within each transaction, after all of its work. */
export function createCommits(database: DatabaseSync, beforeCommit: () => void): Commits {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const commit = database.prepare('COMMIT');
  const savepoint = database.prepare('SAVEPOINT job');
  const release = database.prepare('RELEASE job');
  const undo = database.prepare('ROLLBACK TO job');
  let jobs: Job[] = [];

  function run(job: Job): () => void {
    savepoint.run();
    try {
      const tell = job.run();
      release.run();
      return tell;
    } catch (error) {
      // A full disk ends the whole transaction, and so all of its jobs.
      if (!database.isTransaction) throw error;
      undo.run();
      release.run();
      return () => {
        job.reject(error);
      };
    }
  }

  function flush(): void {
    const batch = jobs;
    jobs = [];
    if (batch.length === 0) return;
    try {
      begin.run();
      const told = batch.map(run);
      beforeCommit();
      commit.run();
      for (const tell of told) tell();
    } catch (error) {
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      for (const { reject } of batch) reject(error);
    }
  }

  return {
    write(work) {
      return new Promise((resolve, reject) => {
        if (!database.isOpen) throw new Error('The store is closed.');
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
