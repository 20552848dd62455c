import type {
  AttemptRecord,
  DeliveryRecord,
  EndpointRecord,
  EventRecord,
  IdempotencyRecord,
} from '../../records.js';
import { blob, boolean, defineColumns, integer, json, nullable, text, userText } from './columns.js';

// Each column is named as the field of the record that it holds. The lists are the only place that names
// all columns of a table: statements and conversions are derived from them.

export const endpointColumns = defineColumns<EndpointRecord>({
  id: userText(),
  accountId: nullable(userText()),
  url: text(),
  events: json(),
  secret: text(),
  status: text(),
  disabledReason: nullable(text()),
  disabledAtMs: nullable(integer()),
  failingSinceMs: nullable(integer()),
  lastError: nullable(text()),
  disabledNotificationPending: boolean(),
  heldExpiresAtMs: nullable(integer()),
  heldDroppedAtMs: nullable(integer()),
  heldNotificationPending: boolean(),
  createdAtMs: integer(),
});

export const eventColumns = defineColumns<EventRecord>({
  id: userText(),
  type: userText(),
  accountId: userText(),
  body: blob(),
  createdAtMs: integer(),
});

/** The deliveries that an event has. */
export interface EventDeliveries {
  /** The `seq` of the first delivery that the first step of publishing stored. */
  readonly firstDeliverySeq: number;
  /** The `seq` of the last one; below `firstDeliverySeq` if publishing has finished without any delivery. */
  readonly lastDeliverySeq: number;
  /** The number of deliveries, manual ones included, plus one while publishing is unfinished. */
  readonly deliveryCount: number;
}

export const eventDeliveriesColumns = defineColumns<EventDeliveries>({
  firstDeliverySeq: integer(),
  lastDeliverySeq: integer(),
  deliveryCount: integer(),
});

export const deliveryColumns = defineColumns<DeliveryRecord>({
  id: userText(),
  eventId: userText(),
  eventType: userText(),
  accountId: userText(),
  endpointId: userText(),
  kind: text(),
  status: text(),
  attempts: integer(),
  dueAtMs: nullable(integer()),
  token: nullable(text()),
  leaseUntilMs: nullable(integer()),
  createdAtMs: integer(),
});

/** The size of a delivery for retention. */
interface DeliverySize {
  /** Approximate bytes of the event's body and of all ended attempts. */
  readonly bytes: number;
}

export const deliverySizeColumns = defineColumns<DeliverySize>({ bytes: integer() });

export const attemptColumns = defineColumns<AttemptRecord>({
  deliveryId: userText(),
  number: integer(),
  url: text(),
  startedAtMs: integer(),
  endedAtMs: nullable(integer()),
  outcome: text(),
  requestHeaders: nullable(json()),
  result: nullable(json()),
  nextAttemptAtMs: nullable(integer()),
  reason: nullable(text()),
});

export const idempotencyColumns = defineColumns<IdempotencyRecord>({
  accountId: userText(),
  key: userText(),
  fingerprint: text(),
  resourceId: text(),
  begunAtMs: integer(),
  isAbandoned: boolean(),
  response: nullable(json()),
});

/** Deliveries that were stored together: the first and the last `seq`. */
export type SeqRange = readonly [first: number, last: number];

/** The state of an event that is published in several steps. */
export interface FanOut {
  readonly eventId: string;
  readonly accountId: string;
  /** The deliveries of each step so far. */
  readonly deliveryRanges: readonly SeqRange[];
  /** The `seq` of the last endpoint that was processed. The fan-out has finished once it is `untilEndpointSeq`. */
  readonly afterEndpointSeq: number;
  /** The `seq` of the newest endpoint when publishing began. */
  readonly untilEndpointSeq: number;
}

export const fanOutColumns = defineColumns<FanOut>({
  eventId: userText(),
  accountId: userText(),
  deliveryRanges: json(),
  afterEndpointSeq: integer(),
  untilEndpointSeq: integer(),
});

/** Conditions of partial indexes. SQLite uses such an index only if the query repeats its condition literally. */
export const conditions = {
  ended: "status IN ('succeeded', 'failed', 'cancelled')",
  held: "status = 'held'",
  attempting: "status = 'attempting'",
  /** Deliveries that wait in a lane. */
  first: "status = 'scheduled' AND attempts = 0",
  retry: "status = 'scheduled' AND attempts > 0",
} as const;

const tables = `
CREATE TABLE endpoints (
  -- AUTOINCREMENT: a fan-out must not include an endpoint that reuses the number of a deleted one.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  ${endpointColumns.definitions},
  UNIQUE (id)
) STRICT;
CREATE INDEX endpoints_account ON endpoints (accountId);
CREATE INDEX endpoints_disabled_notification ON endpoints (seq) WHERE disabledNotificationPending = 1;
CREATE INDEX endpoints_held_notification ON endpoints (seq) WHERE heldNotificationPending = 1;

CREATE TABLE events (
  ${eventColumns.definitions},
  ${eventDeliveriesColumns.definitions},
  PRIMARY KEY (id, accountId)
) STRICT, WITHOUT ROWID;
CREATE INDEX events_unheard ON events (accountId, createdAtMs) WHERE deliveryCount = 0;

CREATE TABLE fan_outs (
  ${fanOutColumns.definitions},
  PRIMARY KEY (eventId, accountId),
  FOREIGN KEY (eventId, accountId) REFERENCES events (id, accountId) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY,
  ${deliveryColumns.definitions},
  ${deliverySizeColumns.definitions},
  UNIQUE (id)
) STRICT;
CREATE INDEX deliveries_endpoint ON deliveries (endpointId, seq);
CREATE INDEX deliveries_event ON deliveries (eventId);
CREATE INDEX deliveries_first ON deliveries (endpointId, dueAtMs, seq) WHERE ${conditions.first};
CREATE INDEX deliveries_retry ON deliveries (endpointId, dueAtMs, seq) WHERE ${conditions.retry};
CREATE INDEX deliveries_attempting ON deliveries (leaseUntilMs) WHERE ${conditions.attempting};
CREATE INDEX deliveries_ended ON deliveries (accountId, createdAtMs) WHERE ${conditions.ended};
CREATE INDEX deliveries_held ON deliveries (endpointId, createdAtMs) WHERE ${conditions.held};
CREATE INDEX deliveries_held_account ON deliveries (accountId, createdAtMs) WHERE ${conditions.held};

CREATE TABLE attempts (
  ${attemptColumns.definitions},
  PRIMARY KEY (deliveryId, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
  ${idempotencyColumns.definitions},
  PRIMARY KEY (accountId, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_begun ON idempotency_keys (begunAtMs);`;

type RowName = 'OLD' | 'NEW';

const isCounted = (row: RowName): string => `(${row}.${conditions.ended} OR ${row}.${conditions.held})`;
const classOf = (row: RowName): string => `iif(${row}.${conditions.held}, 'held', 'ended')`;

function addToUsage(retentionClass: string, bytes: string): string {
  return `INSERT INTO retention_usage (accountId, retentionClass, count, bytes)
    VALUES (NEW.accountId, ${retentionClass}, 1, ${bytes})
    ON CONFLICT DO UPDATE SET count = count + 1, bytes = bytes + excluded.bytes;`;
}

function subtractFromUsage(retentionClass: string, bytes: string): string {
  const where = `WHERE accountId = OLD.accountId AND retentionClass = ${retentionClass}`;
  return `UPDATE retention_usage SET count = count - 1, bytes = bytes - ${bytes} ${where};
    DELETE FROM retention_usage ${where} AND count = 0;`;
}

const addDelivery = addToUsage(classOf('NEW'), 'NEW.bytes');
const subtractDelivery = subtractFromUsage(classOf('OLD'), 'OLD.bytes');
const addEvent = addToUsage("'unheard'", 'length(NEW.body)');

/** Counts per account the rows that retention may remove. Triggers count, so that no statement can bypass it. */
const usage = `
CREATE TABLE retention_usage (
  accountId TEXT NOT NULL,
  retentionClass TEXT NOT NULL,
  count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  PRIMARY KEY (accountId, retentionClass)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER deliveries_inserted AFTER INSERT ON deliveries WHEN ${isCounted('NEW')}
  BEGIN ${addDelivery} END;
CREATE TRIGGER deliveries_left AFTER UPDATE OF status ON deliveries
  WHEN OLD.status <> NEW.status AND ${isCounted('OLD')} BEGIN ${subtractDelivery} END;
CREATE TRIGGER deliveries_entered AFTER UPDATE OF status ON deliveries
  WHEN OLD.status <> NEW.status AND ${isCounted('NEW')} BEGIN ${addDelivery} END;
CREATE TRIGGER deliveries_deleted AFTER DELETE ON deliveries WHEN ${isCounted('OLD')}
  BEGIN ${subtractDelivery} END;

-- An event counts as unheard if publishing stored no delivery: its last seq is below its first. Events whose
-- deliveries were pruned do not count.
CREATE TRIGGER events_inserted AFTER INSERT ON events WHEN NEW.deliveryCount = 0 BEGIN ${addEvent} END;
CREATE TRIGGER events_finished AFTER UPDATE OF lastDeliverySeq ON events
  WHEN OLD.lastDeliverySeq >= OLD.firstDeliverySeq AND NEW.lastDeliverySeq < NEW.firstDeliverySeq
  BEGIN ${addEvent} END;
CREATE TRIGGER events_deleted AFTER DELETE ON events WHEN OLD.lastDeliverySeq < OLD.firstDeliverySeq
  BEGIN ${subtractFromUsage("'unheard'", 'length(OLD.body)')} END;`;

/** Increase it with each released change of the schema, and migrate files of earlier versions. */
export const schemaVersion = 1;

/** Creates all tables in an empty database. */
export const schema = `${tables}\n${usage}`;
