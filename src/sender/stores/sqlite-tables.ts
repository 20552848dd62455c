import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { AttemptRecord, DeliveryRecord, EndpointRecord, EventRecord } from './contract.js';

/** A row as SQLite gives it. Columns are named as the fields of records, so most of it is one already. */
export type Row = Record<string, SQLOutputValue>;

function parsed(value: SQLOutputValue | undefined): unknown {
  return typeof value === 'string' ? JSON.parse(value) : null;
}

function stringified(value: object | null): string | null {
  return value === null ? null : JSON.stringify(value);
}

export function toEndpoint(row: Row): EndpointRecord {
  const { seq, ...rest } = row;
  const decoded = { ...rest, events: parsed(row.events), noticePending: row.noticePending === 1 };
  return decoded as unknown as EndpointRecord;
}

export function toDelivery(row: Row): DeliveryRecord {
  const { seq, ...rest } = row;
  return rest as unknown as DeliveryRecord;
}

function toAttempt(row: Row): AttemptRecord {
  const decoded = { ...row, requestHeaders: parsed(row.requestHeaders), result: parsed(row.result) };
  return decoded as unknown as AttemptRecord;
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
  event(id: string): EventRecord | undefined;
  insertDelivery(delivery: DeliveryRecord): void;
  updateDelivery(delivery: DeliveryRecord): void;
  delivery(id: string): DeliveryRecord | undefined;
  insertAttempt(attempt: AttemptRecord): void;
  updateAttempt(attempt: AttemptRecord): void;
  attempt(deliveryId: string, number: number): AttemptRecord | undefined;
  attempts(deliveryId: string): readonly AttemptRecord[];
}

/** As many endpoints as are kept at hand. */
const maxEndpoints = 10_000;

export function createTables(database: DatabaseSync): Tables {
  const statements = new Map<string, StatementSync>();
  // No other process can change them.
  const endpoints = new Map<string, EndpointRecord>();

  function sql(text: string): StatementSync {
    let statement = statements.get(text);
    if (!statement) {
      statement = database.prepare(text);
      // A record has fields that an update leaves alone.
      statement.setAllowUnknownNamedParameters(true);
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

  const endpointValues = (endpoint: EndpointRecord): Record<string, SQLInputValue> => ({
    ...endpoint,
    events: JSON.stringify(endpoint.events),
    noticePending: endpoint.noticePending ? 1 : 0,
  });
  const attemptValues = (attempt: AttemptRecord): Record<string, SQLInputValue> => ({
    ...attempt,
    requestHeaders: stringified(attempt.requestHeaders),
    result: stringified(attempt.result),
  });

  return {
    sql,
    insertEndpoint(endpoint) {
      sql(
        `INSERT INTO endpoints (id, accountId, url, events, secret, status, disabledReason, disabledAtMs,
           failingSinceMs, lastError, noticePending, createdAtMs)
         VALUES (:id, :accountId, :url, :events, :secret, :status, :disabledReason, :disabledAtMs,
           :failingSinceMs, :lastError, :noticePending, :createdAtMs)`,
      ).run(endpointValues(endpoint));
    },
    updateEndpoint(endpoint) {
      sql(
        `UPDATE endpoints SET url = :url, events = :events, secret = :secret, status = :status,
           disabledReason = :disabledReason, disabledAtMs = :disabledAtMs, failingSinceMs = :failingSinceMs,
           lastError = :lastError, noticePending = :noticePending
         WHERE id = :id`,
      ).run(endpointValues(endpoint));
      endpoints.delete(endpoint.id);
    },
    deleteEndpoint(id) {
      endpoints.delete(id);
      return sql('DELETE FROM endpoints WHERE id = ?').run(id).changes !== 0;
    },
    endpoint(id) {
      const known = endpoints.get(id);
      if (known) return known;
      const found = one('SELECT * FROM endpoints WHERE id = ?', toEndpoint, id);
      if (endpoints.size >= maxEndpoints) endpoints.clear();
      if (found) endpoints.set(id, found);
      return found;
    },
    forgetEndpoints() {
      endpoints.clear();
    },
    insertEvent(event, { firstSeq, count }) {
      sql(
        `INSERT INTO events (id, type, accountId, body, createdAtMs, firstSeq, lastSeq, deliveries)
         VALUES (:id, :type, :accountId, :body, :createdAtMs, :firstSeq, :lastSeq, :count)`,
      ).run({ ...event, firstSeq, lastSeq: firstSeq + count - 1, count });
    },
    event: (id) =>
      one(
        'SELECT id, type, accountId, body, createdAtMs FROM events WHERE id = ?',
        (row) => ({ ...row }) as unknown as EventRecord,
        id,
      ),
    insertDelivery(delivery) {
      sql(
        `INSERT INTO deliveries (id, eventId, eventType, accountId, endpointId, kind, status, attempts,
           dueAtMs, token, leaseUntilMs, createdAtMs)
         VALUES (:id, :eventId, :eventType, :accountId, :endpointId, :kind, :status, :attempts,
           :dueAtMs, :token, :leaseUntilMs, :createdAtMs)`,
      ).run({ ...delivery });
    },
    updateDelivery(delivery) {
      sql(
        `UPDATE deliveries SET status = :status, attempts = :attempts, dueAtMs = :dueAtMs, token = :token,
           leaseUntilMs = :leaseUntilMs
         WHERE id = :id`,
      ).run({ ...delivery });
    },
    delivery: (id) => one('SELECT * FROM deliveries WHERE id = ?', toDelivery, id),
    insertAttempt(attempt) {
      sql(
        `INSERT INTO attempts (deliveryId, number, url, startedAtMs, endedAtMs, outcome, requestHeaders,
           result, nextAttemptAtMs, reason)
         VALUES (:deliveryId, :number, :url, :startedAtMs, :endedAtMs, :outcome, :requestHeaders,
           :result, :nextAttemptAtMs, :reason)`,
      ).run(attemptValues(attempt));
    },
    updateAttempt(attempt) {
      sql(
        `UPDATE attempts SET endedAtMs = :endedAtMs, outcome = :outcome, requestHeaders = :requestHeaders,
           result = :result, nextAttemptAtMs = :nextAttemptAtMs, reason = :reason
         WHERE deliveryId = :deliveryId AND number = :number`,
      ).run(attemptValues(attempt));
    },
    attempt: (deliveryId, number) =>
      one('SELECT * FROM attempts WHERE deliveryId = ? AND number = ?', toAttempt, deliveryId, number),
    attempts: (deliveryId) =>
      sql('SELECT * FROM attempts WHERE deliveryId = ? ORDER BY number').all(deliveryId).map(toAttempt),
  };
}
