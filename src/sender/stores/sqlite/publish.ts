import type { StatementSync } from 'node:sqlite';
import { escapeText } from '../../../shared/escape-text.js';
import { isSubscribed, type DeliveryRecord, type EndpointRecord, type EventRecord } from '../../records.js';
import { maxEndpointsPerStep, type PublishStep } from '../store.js';
import { toDelivery, toEndpoint, toEvent, type Row, type Tables } from './tables.js';

/** Deliveries that were made together: the first and the last `seq`. */
type Range = readonly [first: number, last: number];

/** An event that takes several steps: what each made, and which endpoints are left. */
interface FanOut {
  readonly ranges: readonly Range[];
  /** The endpoint that was last, by `seq`, and the one that will be last. */
  readonly afterSeq: number;
  readonly untilSeq: number;
}

/** Publishing, within a transaction. */
export interface Publisher {
  publish(
    event: EventRecord,
    toNewDelivery: (endpoint: EndpointRecord) => DeliveryRecord | undefined,
    position: number,
  ): PublishStep;
  unfinished(): readonly EventRecord[];
  /** The `seq` of the delivery that is made next. */
  nextSeq(): number;
}

export function createPublisher(
  tables: Tables,
  insert: (delivery: DeliveryRecord, bodyBytes: number) => void,
): Publisher {
  const sql = (text: string): StatementSync => tables.sql(text);

  function nextSeq(): number {
    const last = sql('SELECT max(seq) AS seq FROM deliveries').get();
    return Number(last?.seq ?? 0) + 1;
  }

  function lastEndpointSeq(): number {
    return Number(sql('SELECT max(seq) AS seq FROM endpoints').get()?.seq ?? 0);
  }

  function findFanOut({ id, accountId }: EventRecord): FanOut | undefined {
    const row = sql('SELECT ranges, afterSeq, untilSeq FROM fanOuts WHERE eventId = ? AND accountId = ?').get(
      escapeText(id),
      escapeText(accountId),
    );
    return row && ({ ...row, ranges: JSON.parse(String(row.ranges)) as Range[] } as unknown as FanOut);
  }

  function saveFanOut({ id, accountId }: EventRecord, { ranges, afterSeq, untilSeq }: FanOut): void {
    sql(
      `INSERT INTO fanOuts (eventId, accountId, ranges, afterSeq, untilSeq) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET ranges = excluded.ranges, afterSeq = excluded.afterSeq`,
    ).run(escapeText(id), escapeText(accountId), JSON.stringify(ranges), afterSeq, untilSeq);
  }

  /** Endpoints of the account and of no account, in order: one more than a step takes tells that there are more. */
  function audienceOf(accountId: string, afterSeq: number, untilSeq: number): readonly Row[] {
    return sql(
      `SELECT * FROM endpoints WHERE accountId = ?1 AND seq > ?2 AND seq <= ?3
       UNION ALL SELECT * FROM endpoints WHERE accountId IS NULL AND seq > ?2 AND seq <= ?3
       ORDER BY seq LIMIT ${maxEndpointsPerStep + 1}`,
    ).all(escapeText(accountId), afterSeq, untilSeq);
  }

  function found(event: EventRecord, [first, last]: Range, next: number | undefined): PublishStep {
    // The place of one that was forgotten may be another event's now.
    const rows = sql(
      'SELECT * FROM deliveries WHERE seq BETWEEN ? AND ? AND accountId = ? AND eventId = ? ORDER BY seq',
    ).all(first, last, escapeText(event.accountId), escapeText(event.id));
    return { created: false, deliveries: rows.map(toDelivery), next };
  }

  /** An event counts one more delivery while it is unfinished, so that it is not forgotten meanwhile. */
  function count(event: EventRecord, deliveries: number): void {
    sql('UPDATE events SET deliveries = deliveries + ? WHERE accountId = ? AND id = ?').run(
      deliveries,
      escapeText(event.accountId),
      escapeText(event.id),
    );
  }

  /** Retention counts an event without deliveries by its own, once nothing is added to it any more. */
  function finish({ accountId, id }: EventRecord): void {
    sql('UPDATE events SET lastSeq = firstSeq - 1 WHERE accountId = ? AND id = ? AND deliveries = 0').run(
      escapeText(accountId),
      escapeText(id),
    );
  }

  /** Stores an event, or goes on with it, for as many endpoints as one step takes. */
  function publishNext(
    event: EventRecord,
    fanOut: FanOut | undefined,
    toNewDelivery: (endpoint: EndpointRecord) => DeliveryRecord | undefined,
  ): PublishStep {
    const { ranges, afterSeq } = fanOut ?? { ranges: [], afterSeq: 0 };
    const audience = audienceOf(event.accountId, afterSeq, fanOut?.untilSeq ?? Number.MAX_SAFE_INTEGER);
    const step = audience.slice(0, maxEndpointsPerStep);
    const isLast = step.length === audience.length;
    const deliveries = step
      .map(toEndpoint)
      .filter((endpoint) => isSubscribed(endpoint, event))
      .map(toNewDelivery)
      .filter((delivery) => delivery !== undefined);
    const firstSeq = nextSeq();
    if (fanOut) count(event, deliveries.length - (isLast ? 1 : 0));
    else tables.insertEvent(event, { firstSeq, count: deliveries.length + (isLast ? 0 : 1) });
    if (fanOut && isLast) finish(event);
    if (fanOut || !isLast) {
      const range: Range = [firstSeq, firstSeq + deliveries.length - 1];
      const untilSeq = fanOut?.untilSeq ?? lastEndpointSeq();
      const lastSeq = isLast ? untilSeq : Number(step.at(-1)?.seq);
      saveFanOut(event, { ranges: [...ranges, range], afterSeq: lastSeq, untilSeq });
    }
    for (const delivery of deliveries) insert(delivery, event.body.length);
    return { created: true, deliveries, next: isLast ? undefined : ranges.length + 1 };
  }

  return {
    nextSeq,
    publish(event, toNewDelivery, position) {
      const stored = sql('SELECT firstSeq, lastSeq FROM events WHERE accountId = ? AND id = ?').get(
        escapeText(event.accountId),
        escapeText(event.id),
      );
      if (!stored) return publishNext(event, undefined, toNewDelivery);
      const fanOut = findFanOut(event);
      if (!fanOut) return found(event, [Number(stored.firstSeq), Number(stored.lastSeq)], undefined);
      const isFinished = fanOut.afterSeq >= fanOut.untilSeq;
      const range = fanOut.ranges[position];
      if (!range && !isFinished) return publishNext(event, fanOut, toNewDelivery);
      const next = isFinished && position + 1 >= fanOut.ranges.length ? undefined : position + 1;
      return found(event, range ?? [0, 0], next);
    },
    unfinished: () =>
      sql(
        `SELECT events.* FROM fanOuts JOIN events ON events.id = eventId AND events.accountId = fanOuts.accountId
         WHERE afterSeq < untilSeq`,
      )
        .all()
        .map(toEvent),
  };
}
