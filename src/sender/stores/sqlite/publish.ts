import { escapeText } from '../../../shared/escape-text.js';
import { isSubscribed, type DeliveryRecord, type EndpointRecord, type EventRecord } from '../../records.js';
import { maxEndpointsPerStep, type PublishStep } from '../store.js';
import type { Row } from './columns.js';
import type { Deliveries } from './deliveries.js';
import type { Events } from './events.js';
import { isFinished, type FanOuts } from './fan-outs.js';
import { deliveryColumns, endpointColumns, type FanOut, type SeqRange } from './schema.js';
import type { Sql } from './statements.js';

/** The tables that publishing reads and writes. */
export interface PublishTables {
  readonly sql: Sql;
  readonly events: Events;
  readonly fanOuts: FanOuts;
  readonly deliveries: Deliveries;
}

/** An event and the deliveries to make of it. */
interface Publication {
  readonly event: EventRecord;
  readonly toDelivery: (endpoint: EndpointRecord) => DeliveryRecord | undefined;
}

/** The part of an audience that one step processes. */
interface Batch {
  readonly deliveries: readonly DeliveryRecord[];
  /** The `seq` of the last endpoint processed; undefined if no endpoint is left after this batch. */
  readonly nextAfterSeq: number | undefined;
}

/** The `seq` of the next delivery. */
export function nextDeliverySeq(sql: Sql): number {
  return Number(sql('SELECT max(seq) AS seq FROM deliveries').get()?.seq ?? 0) + 1;
}

function lastEndpointSeq(sql: Sql): number {
  return Number(sql('SELECT max(seq) AS seq FROM endpoints').get()?.seq ?? 0);
}

const audienceSql = `SELECT * FROM endpoints WHERE accountId = ?1 AND seq > ?2 AND seq <= ?3
  UNION ALL SELECT * FROM endpoints WHERE accountId IS NULL AND seq > ?2 AND seq <= ?3
  ORDER BY seq LIMIT ${maxEndpointsPerStep + 1}`;

/** Reads endpoints of the account and of no account, one more than a step takes: that one shows whether more are left. */
function readAudience(sql: Sql, accountId: string, afterSeq: number, untilSeq: number): readonly Row[] {
  return sql(audienceSql).all(escapeText(accountId), afterSeq, untilSeq);
}

function readBatch(sql: Sql, { event, toDelivery }: Publication, fanOut: FanOut | undefined): Batch {
  const audience = readAudience(
    sql,
    event.accountId,
    fanOut?.afterEndpointSeq ?? 0,
    fanOut?.untilEndpointSeq ?? Number.MAX_SAFE_INTEGER,
  );
  const processed = audience.slice(0, maxEndpointsPerStep);
  const deliveries = processed
    .map(endpointColumns.decode)
    .filter((endpoint) => isSubscribed(endpoint, event))
    .map(toDelivery)
    .filter((delivery) => delivery !== undefined);
  const isLast = processed.length === audience.length;
  return { deliveries, nextAfterSeq: isLast ? undefined : Number(processed.at(-1)?.seq) };
}

function rangeFrom(firstSeq: number, { deliveries }: Batch): SeqRange {
  return [firstSeq, firstSeq + deliveries.length - 1];
}

/** Stores an event with its first batch. It counts one delivery more while it is unfinished, so that it is kept. */
function storeFirst({ sql, events, fanOuts }: PublishTables, event: EventRecord, batch: Batch): void {
  const { deliveries, nextAfterSeq } = batch;
  const range = rangeFrom(nextDeliverySeq(sql), batch);
  const unfinished = nextAfterSeq === undefined ? 0 : 1;
  const deliveryCount = deliveries.length + unfinished;
  const [firstDeliverySeq] = range;
  // An event that is unfinished does not count as one without deliveries yet.
  const lastDeliverySeq = firstDeliverySeq + deliveryCount - 1;
  events.insert(event, { firstDeliverySeq, lastDeliverySeq, deliveryCount });
  if (nextAfterSeq === undefined) return;
  fanOuts.save({
    eventId: event.id,
    accountId: event.accountId,
    deliveryRanges: [range],
    afterEndpointSeq: nextAfterSeq,
    untilEndpointSeq: lastEndpointSeq(sql),
  });
}

/** Stores a further batch of an event. */
function storeNext({ sql, events, fanOuts }: PublishTables, fanOut: FanOut, batch: Batch): void {
  const { deliveries, nextAfterSeq } = batch;
  const key = { accountId: fanOut.accountId, id: fanOut.eventId };
  const finished = nextAfterSeq === undefined ? 1 : 0;
  events.addDeliveries(key, deliveries.length - finished);
  if (finished) events.markUnheard(key);
  fanOuts.save({
    ...fanOut,
    deliveryRanges: [...fanOut.deliveryRanges, rangeFrom(nextDeliverySeq(sql), batch)],
    afterEndpointSeq: nextAfterSeq ?? fanOut.untilEndpointSeq,
  });
}

/** Stores an event, or continues its fan-out, for as many endpoints as one step takes. */
function storeStep(tables: PublishTables, publication: Publication, fanOut: FanOut | undefined): PublishStep {
  const { event } = publication;
  const batch = readBatch(tables.sql, publication, fanOut);
  if (fanOut) storeNext(tables, fanOut, batch);
  else storeFirst(tables, event, batch);
  const { deliveries, nextAfterSeq } = batch;
  for (const delivery of deliveries) tables.deliveries.insert(delivery, event.body.length);
  const position = fanOut?.deliveryRanges.length ?? 0;
  return { created: true, deliveries, next: nextAfterSeq === undefined ? undefined : position + 1 };
}

/** Reads the deliveries of a step that was stored before. */
function readStep(sql: Sql, { accountId, id }: EventRecord, [first, last]: SeqRange): DeliveryRecord[] {
  // The numbers of forgotten deliveries are reused, by deliveries of other events.
  return sql(
    `SELECT ${deliveryColumns.names} FROM deliveries
     WHERE seq BETWEEN ? AND ? AND accountId = ? AND eventId = ? ORDER BY seq`,
  )
    .all(first, last, escapeText(accountId), escapeText(id))
    .map(deliveryColumns.decode);
}

/** Takes one step of `SenderStore.publish`, within a transaction. */
export function publish(tables: PublishTables, publication: Publication, position: number): PublishStep {
  const { event } = publication;
  const { sql } = tables;
  const firstRange = tables.events.firstRangeOf(event);
  if (!firstRange) return storeStep(tables, publication, undefined);
  const fanOut = tables.fanOuts.get(event);
  if (!fanOut) return { created: false, deliveries: readStep(sql, event, firstRange), next: undefined };
  const range = fanOut.deliveryRanges[position];
  if (!range && !isFinished(fanOut)) return storeStep(tables, publication, fanOut);
  const isLast = isFinished(fanOut) && position + 1 >= fanOut.deliveryRanges.length;
  return {
    created: false,
    deliveries: range ? readStep(sql, event, range) : [],
    next: isLast ? undefined : position + 1,
  };
}
