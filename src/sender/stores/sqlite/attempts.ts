import { Buffer } from 'node:buffer';
import { escapeText } from '../../../shared/escape-text.js';
import type { AttemptRecord } from '../../records.js';
import { insertInto } from './columns.js';
import { attemptColumns } from './schema.js';
import type { Sql } from './statements.js';

/** Reads and writes rows of `attempts`, within the caller's transaction. */
export interface Attempts {
  /** Inserts an ended attempt, and returns approximately how many bytes it takes. */
  insert(attempt: AttemptRecord): number;
  /** The ended attempts of a delivery, oldest first. */
  listOf(deliveryId: string): readonly AttemptRecord[];
  deleteOf(deliveryId: string): void;
}

/** Approximate bytes of a row besides its texts. */
const overheadBytes = 150;

const insertSql = insertInto('attempts', attemptColumns);

export function createAttempts(sql: Sql): Attempts {
  return {
    insert(attempt) {
      const values = attemptColumns.encode(attempt);
      sql(insertSql).run(...values);
      let bytes = overheadBytes;
      for (const value of values) if (typeof value === 'string') bytes += Buffer.byteLength(value);
      return bytes;
    },
    listOf: (deliveryId) =>
      sql('SELECT * FROM attempts WHERE deliveryId = ? ORDER BY number')
        .all(escapeText(deliveryId))
        .map(attemptColumns.decode),
    deleteOf(deliveryId) {
      sql('DELETE FROM attempts WHERE deliveryId = ?').run(escapeText(deliveryId));
    },
  };
}
