import { escapeText } from '../../../shared/escape-text.js';
import type { EventRecord } from '../../records.js';
import { insertInto } from './columns.js';
import { eventColumns, eventDeliveriesColumns, type EventDeliveries, type SeqRange } from './schema.js';
import type { Sql } from './statements.js';

/** Identifies an event: accounts may use the same id. */
export type EventKey = Pick<EventRecord, 'accountId' | 'id'>;

/** Reads and writes rows of `events`, within the caller's transaction. */
export interface Events {
  insert(event: EventRecord, deliveries: EventDeliveries): void;
  get(key: EventKey): EventRecord | undefined;
  /** The deliveries of the first step of publishing. */
  firstRangeOf(key: EventKey): SeqRange | undefined;
  bodyBytesOf(key: EventKey): number;
  /** Adds to the number of deliveries. Returns false if there is no such event. */
  addDeliveries(key: EventKey, count: number): boolean;
  /** Marks an event as one without deliveries, if it has none after the last step of publishing. */
  markUnheard(key: EventKey): void;
  /** Subtracts a delivery, and deletes the event after its last one. */
  removeDelivery(key: EventKey): void;
}

const whereKey = 'WHERE accountId = ? AND id = ?';
const insertSql = insertInto('events', eventColumns, eventDeliveriesColumns);
const selectSql = `SELECT ${eventColumns.names} FROM events ${whereKey}`;
const selectRangeSql = `SELECT firstDeliverySeq, lastDeliverySeq FROM events ${whereKey}`;
const addDeliveriesSql = `UPDATE events SET deliveryCount = deliveryCount + ? ${whereKey}`;
const markUnheardSql = `UPDATE events SET lastDeliverySeq = firstDeliverySeq - 1 ${whereKey} AND deliveryCount = 0`;

export function createEvents(sql: Sql): Events {
  const keyOf = ({ accountId, id }: EventKey): [string, string] => [escapeText(accountId), escapeText(id)];

  function addDeliveries(key: EventKey, count: number): boolean {
    return sql(addDeliveriesSql).run(count, ...keyOf(key)).changes !== 0;
  }

  return {
    insert(event, deliveries) {
      sql(insertSql).run(...eventColumns.encode(event), ...eventDeliveriesColumns.encode(deliveries));
    },
    get(key) {
      const row = sql(selectSql).get(...keyOf(key));
      return row && eventColumns.decode(row);
    },
    firstRangeOf(key) {
      const row = sql(selectRangeSql).get(...keyOf(key));
      return row && [Number(row.firstDeliverySeq), Number(row.lastDeliverySeq)];
    },
    bodyBytesOf(key) {
      return Number(
        sql(`SELECT length(body) AS bytes FROM events ${whereKey}`).get(...keyOf(key))?.bytes ?? 0,
      );
    },
    addDeliveries,
    markUnheard(key) {
      sql(markUnheardSql).run(...keyOf(key));
    },
    removeDelivery(key) {
      addDeliveries(key, -1);
      sql(`DELETE FROM events ${whereKey} AND deliveryCount = 0`).run(...keyOf(key));
    },
  };
}
