/** The records that a store keeps, and what follows from them alone. */

/** A customer's endpoint. */
export interface EndpointRecord {
  readonly id: string;
  /** Null hears every account. */
  readonly accountId: string | null;
  readonly url: string;
  /** Names of event types, or `*` alone. */
  readonly events: readonly string[];
  readonly secret: string;
  readonly status: 'enabled' | 'disabled';
  /** Why it is disabled: all retries of an event failed, it answered 410, or by hand. */
  readonly disabledReason: 'failures' | 'gone' | 'manual' | null;
  readonly disabledAtMs: number | null;
  /** Since when no attempt has succeeded; null when the last one did. */
  readonly failingSinceMs: number | null;
  readonly lastError: string | null;
  /** True from the moment it was disabled by failures until its owner has been told. */
  readonly disabledNotificationPending: boolean;
  /** Held deliveries may be dropped from this time on; null until the first of them nears its end. */
  readonly heldExpiresAtMs: number | null;
  /** When the first held delivery was dropped since the endpoint was last enabled. */
  readonly heldDroppedAtMs: number | null;
  /** True from a change of the two fields above until the owner has been notified of it. */
  readonly heldNotificationPending: boolean;
  readonly createdAtMs: number;
}

/** An event as published: its body is made once, and is the same for every attempt. */
export interface EventRecord {
  readonly id: string;
  readonly type: string;
  readonly accountId: string;
  readonly body: Uint8Array;
  readonly createdAtMs: number;
}

/**
 * `scheduled` waits for `dueAtMs`; `attempting` is claimed, with a token and a lease; `held` waits for its
 * endpoint to be released. The rest are ends: `failed` has no attempts left.
 */
export type DeliveryStatus = 'scheduled' | 'attempting' | 'held' | 'succeeded' | 'failed' | 'cancelled';

/** One event on its way to one endpoint. */
export interface DeliveryRecord {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly accountId: string;
  readonly endpointId: string;
  /** `manual` was asked for by hand and never disables its endpoint; `ping` has one attempt and counts for nothing. */
  readonly kind: 'automatic' | 'manual' | 'ping';
  readonly status: DeliveryStatus;
  /** Attempts begun. */
  readonly attempts: number;
  readonly dueAtMs: number | null;
  /** Whoever claimed it; fences out one whose lease has passed. */
  readonly token: string | null;
  readonly leaseUntilMs: number | null;
  readonly createdAtMs: number;
}

/** Phases of an attempt in milliseconds; absent where it did not come to it or a connection was reused. */
export interface AttemptTimings {
  readonly dnsMs?: number | undefined;
  readonly connectMs?: number | undefined;
  readonly tlsMs?: number | undefined;
  /** From the request's last byte to the answer's first. */
  readonly waitMs?: number | undefined;
  readonly bodyMs?: number | undefined;
  readonly totalMs: number;
}

/** What came of one attempt to post. */
export interface AttemptResult {
  /** The address connected to, with port. */
  readonly address?: string | undefined;
  readonly timings: AttemptTimings;
  readonly status?: number | undefined;
  readonly responseHeaders?: Readonly<Record<string, string>> | undefined;
  /** Text, at most 16 KiB of it. */
  readonly responseBody?: string | undefined;
  /** Where there is no status, or the answer broke off. */
  readonly error?: string | undefined;
}

/** One attempt, written down before it is sent and completed afterwards. */
export interface AttemptRecord {
  readonly deliveryId: string;
  readonly number: number;
  readonly url: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** `pending` until something is known; `unknown` where the process ended in between. */
  readonly outcome: 'pending' | 'success' | 'failure' | 'unknown';
  /** Without the body, which is the event's. */
  readonly requestHeaders: Readonly<Record<string, string>> | null;
  readonly result: AttemptResult | null;
  readonly nextAttemptAtMs: number | null;
  /** Why the next attempt is when it is, or why there is none. */
  readonly reason: string | null;
}

/** Rows as they were, for the pure function. The endpoint is gone where it was deleted. */
export interface Rows {
  readonly delivery: DeliveryRecord;
  readonly endpoint: EndpointRecord | undefined;
  /** The attempt that is on its way, if there is one. */
  readonly attempt: AttemptRecord | undefined;
}

/** Rows as they shall be. What is the same object as before is not written. */
export interface Change {
  readonly delivery: DeliveryRecord;
  readonly endpoint?: EndpointRecord | undefined;
  readonly attempt?: AttemptRecord | undefined;
}

/** Gives the change for some rows; undefined leaves them alone. Pure: a store may call it again. */
export type Transition = (rows: Rows) => Change | undefined;

/** First attempts and retries are claimed apart, so that neither keeps the other waiting. */
export type Lane = 'first' | 'retry';

/** A call of the API that must not be carried out twice, and its response. */
export interface IdempotencyRecord {
  readonly accountId: string;
  readonly key: string;
  /** Of the call: the key stands for this call and for no other. */
  readonly fingerprint: string;
  /** Identifies what the call creates. A retry of an abandoned call keeps it, so that nothing is created twice. */
  readonly resourceId: string;
  readonly begunAtMs: number;
  /** True if the call ended without a response that could be kept. */
  readonly isAbandoned: boolean;
  /** Null unless the call has succeeded. */
  readonly response: { readonly status: number; readonly body: string } | null;
}

/** What a store counts per account: deliveries by their state, and events that have no delivery. */
export type RetentionClass = 'ended' | 'held' | 'unheard';

/** Whether an endpoint is subscribed to an event. */
export function isSubscribed(
  endpoint: EndpointRecord,
  event: Pick<EventRecord, 'type' | 'accountId'>,
): boolean {
  return (
    (endpoint.accountId === null || endpoint.accountId === event.accountId) &&
    (endpoint.events.includes('*') || endpoint.events.includes(event.type))
  );
}

/** Whether it is at its end. */
export function isTerminal({ status }: DeliveryRecord): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** The class that a delivery counts for; undefined while it waits for an attempt or has one under way. */
export function classOf(delivery: DeliveryRecord): 'ended' | 'held' | undefined {
  if (delivery.status === 'held') return 'held';
  return isTerminal(delivery) ? 'ended' : undefined;
}

/**
 * The account that a delivery takes its turns and its places from: the one that owns the endpoint, which is the
 * event's own. Endpoints of no account share the turns and places of one account, so that they cannot take those
 * of the accounts whose events they receive.
 */
export function ownerOf(endpoint: Pick<EndpointRecord, 'accountId'> | undefined): string {
  // No account has this id: `createEndpoint` rejects it.
  return endpoint?.accountId ?? '*';
}

/** Where a waiting delivery waits. */
export function laneOf(delivery: DeliveryRecord): Lane {
  return delivery.attempts === 0 ? 'first' : 'retry';
}
