import { Buffer } from 'node:buffer';
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { escapeText, unescapeText } from '../../../shared/escape-text.js';
import type { AttemptRecord, DeliveryRecord, EndpointRecord, EventRecord } from '../../records.js';

/** A row as SQLite gives it. Columns are named as the fields of records, so most of it is one already. */
export type Row = Record<string, SQLOutputValue>;

function parsed(value: SQLOutputValue | undefined): unknown {
  return typeof value === 'string' ? JSON.parse(value) : null;
}

function stringified(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

/** Keys are escaped on their way in: SQLite's UTF-8 would make one of all lone surrogates. */
function key(value: SQLOutputValue): string {
  return unescapeText(value as string);
}

function nullableKey(text: string | null): string | null {
  return text === null ? null : escapeText(text);
}

// Written out, and parameters given in order: by name, and by copies, each takes four times as long.

/** What the columns of a table hold, one for each field of its record. */
type Columns<Value> = Readonly<Record<keyof Value, SQLOutputValue>>;

export function toEndpoint(row: Row): EndpointRecord {
  const columns = row as Columns<EndpointRecord>;
  return {
    id: key(columns.id),
    accountId: columns.accountId === null ? null : key(columns.accountId),
    url: columns.url,
    events: parsed(columns.events),
    secret: columns.secret,
    status: columns.status,
    disabledReason: columns.disabledReason,
    disabledAtMs: columns.disabledAtMs,
    failingSinceMs: columns.failingSinceMs,
    lastError: columns.lastError,
    disabledNotificationPending: columns.disabledNotificationPending === 1,
    heldExpiresAtMs: columns.heldExpiresAtMs,
    heldDroppedAtMs: columns.heldDroppedAtMs,
    heldNotificationPending: columns.heldNotificationPending === 1,
    createdAtMs: columns.createdAtMs,
  } as EndpointRecord;
}

export function toDelivery(row: Row): DeliveryRecord {
  const columns = row as Columns<DeliveryRecord>;
  return {
    id: key(columns.id),
    eventId: key(columns.eventId),
    eventType: key(columns.eventType),
    accountId: key(columns.accountId),
    endpointId: key(columns.endpointId),
    kind: columns.kind,
    status: columns.status,
    attempts: columns.attempts,
    dueAtMs: columns.dueAtMs,
    token: columns.token,
    leaseUntilMs: columns.leaseUntilMs,
    createdAtMs: columns.createdAtMs,
  } as DeliveryRecord;
}

export function toEvent(row: Row): EventRecord {
  const columns = row as Columns<EventRecord>;
  return {
    id: key(columns.id),
    type: key(columns.type),
    accountId: key(columns.accountId),
    body: columns.body,
    createdAtMs: columns.createdAtMs,
  } as EventRecord;
}

function toAttempt(row: Row): AttemptRecord {
  const columns = row as Columns<AttemptRecord>;
  return {
    deliveryId: key(columns.deliveryId),
    number: columns.number,
    url: columns.url,
    startedAtMs: columns.startedAtMs,
    endedAtMs: columns.endedAtMs,
    outcome: columns.outcome,
    requestHeaders: parsed(columns.requestHeaders),
    result: parsed(columns.result),
    nextAttemptAtMs: columns.nextAttemptAtMs,
    reason: columns.reason,
  } as AttemptRecord;
}

/** Records in and out of their tables. Knows columns, but no transactions. */
export interface Tables {
  /** A statement that takes its parameters in order, prepared once. */
  sql(text: string): StatementSync;
  insertEndpoint(endpoint: EndpointRecord): void;
  updateEndpoint(endpoint: EndpointRecord): void;
  /** False where there is none. */
  deleteEndpoint(id: string): boolean;
  endpoint(id: string): EndpointRecord | undefined;
  /** What is at hand of endpoints may not be what is in the database any more. */
  forgetEndpoints(): void;
  insertEvent(event: EventRecord, deliveries: { readonly firstSeq: number; readonly count: number }): void;
  event(accountId: string, id: string): EventRecord | undefined;
  bodyBytes(accountId: string, id: string): number;
  insertDelivery(delivery: DeliveryRecord, pending: AttemptRecord | undefined, bodyBytes: number): void;
  /** Without an attempt that is on its way there is none any more. */
  updateDelivery(delivery: DeliveryRecord, pending: AttemptRecord | undefined, addedBytes: number): void;
  delivery(id: string): DeliveryRecord | undefined;
  /** The attempt that is on its way. */
  pending(deliveryId: string): AttemptRecord | undefined;
  /** Inserts an attempt that has ended, and returns about how many bytes it takes. */
  insertAttempt(attempt: AttemptRecord): number;
  /** All that have ended. */
  attempts(deliveryId: string): readonly AttemptRecord[];
}

/** About what an attempt takes beyond its texts. */
const attemptOverheadBytes = 200;

/** As many endpoints as are kept at hand. */
const maxEndpoints = 10_000;

export function createTables(database: DatabaseSync): Tables {
  const statements = new Map<string, StatementSync>();
  // No other process can change them.
  const endpoints = new Map<string, EndpointRecord>();

  function sql(text: string): StatementSync {
    if (!database.isOpen) throw new Error('The store is closed: stop the sender before it.');
    let statement = statements.get(text);
    if (!statement) {
      statement = database.prepare(text);
      statements.set(text, statement);
    }
    return statement;
  }

  function one<Value>(
    text: string,
    convert: (row: Row) => Value,
    ...keys: SQLInputValue[]
  ): Value | undefined {
    const row = sql(text).get(...keys);
    return row && convert(row);
  }

  return {
    sql,
    insertEndpoint(endpoint) {
      sql(
        `INSERT INTO endpoints (id, accountId, url, events, secret, status, disabledReason, disabledAtMs,
           failingSinceMs, lastError, disabledNotificationPending, heldExpiresAtMs, heldDroppedAtMs, heldNotificationPending,
           createdAtMs)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        escapeText(endpoint.id),
        nullableKey(endpoint.accountId),
        endpoint.url,
        JSON.stringify(endpoint.events),
        endpoint.secret,
        endpoint.status,
        endpoint.disabledReason,
        endpoint.disabledAtMs,
        endpoint.failingSinceMs,
        endpoint.lastError,
        endpoint.disabledNotificationPending ? 1 : 0,
        endpoint.heldExpiresAtMs,
        endpoint.heldDroppedAtMs,
        endpoint.heldNotificationPending ? 1 : 0,
        endpoint.createdAtMs,
      );
    },
    updateEndpoint(endpoint) {
      sql(
        `UPDATE endpoints SET url = ?, events = ?, secret = ?, status = ?, disabledReason = ?, disabledAtMs = ?,
           failingSinceMs = ?, lastError = ?, disabledNotificationPending = ?, heldExpiresAtMs = ?, heldDroppedAtMs = ?,
           heldNotificationPending = ?
         WHERE id = ?`,
      ).run(
        endpoint.url,
        JSON.stringify(endpoint.events),
        endpoint.secret,
        endpoint.status,
        endpoint.disabledReason,
        endpoint.disabledAtMs,
        endpoint.failingSinceMs,
        endpoint.lastError,
        endpoint.disabledNotificationPending ? 1 : 0,
        endpoint.heldExpiresAtMs,
        endpoint.heldDroppedAtMs,
        endpoint.heldNotificationPending ? 1 : 0,
        escapeText(endpoint.id),
      );
      endpoints.delete(endpoint.id);
    },
    deleteEndpoint(id) {
      endpoints.delete(id);
      return sql('DELETE FROM endpoints WHERE id = ?').run(escapeText(id)).changes !== 0;
    },
    endpoint(id) {
      const known = endpoints.get(id);
      if (known) return known;
      const found = one('SELECT * FROM endpoints WHERE id = ?', toEndpoint, escapeText(id));
      if (endpoints.size >= maxEndpoints) endpoints.clear();
      if (found) endpoints.set(id, found);
      return found;
    },
    forgetEndpoints() {
      endpoints.clear();
    },
    insertEvent({ id, type, accountId, body, createdAtMs }, { firstSeq, count }) {
      sql(
        `INSERT INTO events (id, type, accountId, body, createdAtMs, firstSeq, lastSeq, deliveries)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        escapeText(id),
        escapeText(type),
        escapeText(accountId),
        body,
        createdAtMs,
        firstSeq,
        firstSeq + count - 1,
        count,
      );
    },
    event: (accountId, id) =>
      one(
        'SELECT * FROM events WHERE accountId = ? AND id = ?',
        toEvent,
        escapeText(accountId),
        escapeText(id),
      ),
    bodyBytes: (accountId, id) =>
      one(
        'SELECT length(body) AS bytes FROM events WHERE accountId = ? AND id = ?',
        ({ bytes }) => Number(bytes),
        escapeText(accountId),
        escapeText(id),
      ) ?? 0,
    insertDelivery(delivery, pending, bodyBytes) {
      sql(
        `INSERT INTO deliveries (id, eventId, eventType, accountId, endpointId, kind, status, attempts,
           dueAtMs, token, leaseUntilMs, createdAtMs, pending, bytes)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        escapeText(delivery.id),
        escapeText(delivery.eventId),
        escapeText(delivery.eventType),
        escapeText(delivery.accountId),
        escapeText(delivery.endpointId),
        delivery.kind,
        delivery.status,
        delivery.attempts,
        delivery.dueAtMs,
        delivery.token,
        delivery.leaseUntilMs,
        delivery.createdAtMs,
        stringified(pending ?? null),
        bodyBytes,
      );
    },
    updateDelivery({ id, status, attempts, dueAtMs, token, leaseUntilMs }, pending, addedBytes) {
      sql(
        `UPDATE deliveries SET status = ?, attempts = ?, dueAtMs = ?, token = ?, leaseUntilMs = ?, pending = ?,
           bytes = bytes + ?
         WHERE id = ?`,
      ).run(
        status,
        attempts,
        dueAtMs,
        token,
        leaseUntilMs,
        stringified(pending ?? null),
        addedBytes,
        escapeText(id),
      );
    },
    delivery: (id) => one('SELECT * FROM deliveries WHERE id = ?', toDelivery, escapeText(id)),
    insertAttempt(attempt) {
      const requestHeaders = stringified(attempt.requestHeaders);
      const result = stringified(attempt.result);
      sql(
        `INSERT INTO attempts (deliveryId, number, url, startedAtMs, endedAtMs, outcome, requestHeaders,
           result, nextAttemptAtMs, reason)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        escapeText(attempt.deliveryId),
        attempt.number,
        attempt.url,
        attempt.startedAtMs,
        attempt.endedAtMs,
        attempt.outcome,
        requestHeaders,
        result,
        attempt.nextAttemptAtMs,
        attempt.reason,
      );
      return [attempt.url, requestHeaders, result].reduce(
        (sum, text) => sum + Buffer.byteLength(text ?? ''),
        attemptOverheadBytes,
      );
    },
    pending(deliveryId) {
      const row = sql('SELECT pending FROM deliveries WHERE id = ?').get(escapeText(deliveryId));
      return (parsed(row?.pending) ?? undefined) as AttemptRecord | undefined;
    },
    attempts: (deliveryId) =>
      sql('SELECT * FROM attempts WHERE deliveryId = ? ORDER BY number')
        .all(escapeText(deliveryId))
        .map(toAttempt),
  };
}
