import { escapeText } from '../../../shared/escape-text.js';
import type { EventRecord } from '../../records.js';
import { replaceInto } from './columns.js';
import type { EventKey } from './events.js';
import { eventColumns, fanOutColumns, type FanOut } from './schema.js';
import type { Sql } from './statements.js';

/** Reads and writes rows of `fan_outs`, within the caller's transaction. */
export interface FanOuts {
  /** The fan-out of an event; undefined if one step was enough. */
  get(key: EventKey): FanOut | undefined;
  save(fanOut: FanOut): void;
  /** Events that have not reached all of their endpoints yet. */
  unfinishedEvents(): readonly EventRecord[];
}

export function isFinished({ afterEndpointSeq, untilEndpointSeq }: FanOut): boolean {
  return afterEndpointSeq >= untilEndpointSeq;
}

const saveSql = replaceInto('fan_outs', fanOutColumns);

export function createFanOuts(sql: Sql): FanOuts {
  return {
    get({ accountId, id }) {
      const row = sql('SELECT * FROM fan_outs WHERE eventId = ? AND accountId = ?').get(
        escapeText(id),
        escapeText(accountId),
      );
      return row && fanOutColumns.decode(row);
    },
    save(fanOut) {
      sql(saveSql).run(...fanOutColumns.encode(fanOut));
    },
    unfinishedEvents: () =>
      sql(
        `SELECT events.* FROM fan_outs
         JOIN events ON events.id = fan_outs.eventId AND events.accountId = fan_outs.accountId
         WHERE afterEndpointSeq < untilEndpointSeq`,
      )
        .all()
        .map(eventColumns.decode),
  };
}
