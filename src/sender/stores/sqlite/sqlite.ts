/**
 * Stores endpoints, events and deliveries of the sender in a SQLite file, through `node:sqlite`.
 *
 * @module sender/sqlite
 */
import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SenderStore } from '../store.js';
import { createAttemptTransactions } from './attempt-transactions.js';
import { createCommits, type Commits } from './commits.js';
import { openDatabase, type Synchronous } from './database.js';
import { createDeliveryTransactions } from './delivery-transactions.js';
import { createEndpointTransactions } from './endpoint-transactions.js';
import { createIdempotencyKeys } from './idempotency.js';
import { createRetention } from './retention.js';
import { createTables, type Tables } from './tables.js';

/** Options of {@link createSqliteStore}. */
export interface SqliteStoreOptions {
  /** The path of the database file, which is created if it does not exist. `:memory:` keeps nothing on disk. */
  path: string;
  /**
   * Which failures a resolved call survives. With `full`, each commit waits for the disk, so that it survives a
   * power failure. With `normal`, it survives the end of the process, but a power failure may lose the last commits.
   * @default 'full'
   */
  synchronous?: Synchronous | undefined;
}

/**
 * Creates a store that keeps everything in one SQLite file.
 *
 * It uses the SQLite of Node (22.13 or later). Only one process can open the file. Calls made in one turn of the
 * event loop share one commit. Close the store after you have stopped the sender.
 *
 * @throws TypeError if an option is not valid.
 * @throws Error if Node has no SQLite, another process uses the file, or the file is not a database of a sender.
 *
 * @example
 * const store = createSqliteStore({ path: './webhooks.db' });
 * const sender = createSender({ store });
 * // …
 * await sender.stop();
 * await store.close();
 */
export function createSqliteStore({ path, synchronous = 'full' }: SqliteStoreOptions): SenderStore {
  checkOptions(path, synchronous);
  const opened = openDatabase(path, synchronous);
  const tables = createTables(opened.database);
  const commits = createCommits(opened, {
    beforeCommit: () => {
      tables.queues.refresh();
    },
    afterRollback: () => {
      tables.endpoints.clearCache();
      tables.deliveries.clearCache();
      tables.queues.clear();
    },
  });
  return {
    exclusive: true,
    ...createEndpointTransactions(tables, commits),
    ...createDeliveryTransactions(tables, commits),
    ...createAttemptTransactions(tables, commits),
    ...createIdempotencyKeys(tables.sql, commits),
    prune: createPrune(tables, commits, opened.database),
    async close() {
      commits.close();
    },
  };
}

function checkOptions(path: unknown, synchronous: unknown): void {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError('createSqliteStore: path must be the path of a file, as a string that is not empty.');
  }
  if (synchronous !== 'full' && synchronous !== 'normal') {
    throw new TypeError("createSqliteStore: synchronous must be 'full' or 'normal'.");
  }
}

function createPrune(tables: Tables, commits: Commits, database: DatabaseSync): SenderStore['prune'] {
  const pruneStep = createRetention(tables);
  return async (rule) => {
    const step = await commits.write(() => pruneStep(rule));
    await nextTurn();
    // A small checkpoint after each step: the automatic one would block other calls while it copies 16 MiB.
    if (step.forgotten > 0 && database.isOpen) {
      await commits.read(() => tables.sql('PRAGMA wal_checkpoint(PASSIVE)').get());
    }
    return step;
  };
}
