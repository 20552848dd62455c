import { Buffer } from 'node:buffer';
import { escapeText } from '../../../shared/escape-text.js';
import type { AttemptRecord } from '../../records.js';
import { replaceInto } from './columns.js';
import { attemptColumns } from './schema.js';
import type { Sql } from './statements.js';

/** Reads and writes rows of `attempts`, within the caller's transaction. */
export interface Attempts {
  /** Inserts an attempt, or updates it. Returns approximately how many bytes it takes; 0 until it has ended. */
  save(attempt: AttemptRecord): number;
  get(deliveryId: string, number: number): AttemptRecord | undefined;
  /** The attempts of a delivery, oldest first. */
  listOf(deliveryId: string): readonly AttemptRecord[];
  deleteOf(deliveryId: string): void;
}

/** Approximate bytes of a row besides its texts. */
const overheadBytes = 150;

const saveSql = replaceInto('attempts', attemptColumns);
const selectSql = 'SELECT * FROM attempts WHERE deliveryId = ? AND number = ?';

export function createAttempts(sql: Sql): Attempts {
  return {
    save(attempt) {
      const values = attemptColumns.encode(attempt);
      sql(saveSql).run(...values);
      if (attempt.outcome === 'pending') return 0;
      let bytes = overheadBytes;
      for (const value of values) if (typeof value === 'string') bytes += Buffer.byteLength(value);
      return bytes;
    },
    get(deliveryId, number) {
      const row = sql(selectSql).get(escapeText(deliveryId), number);
      return row && attemptColumns.decode(row);
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
