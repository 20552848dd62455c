/** The records that a store keeps, and the facts that can be derived from a record alone. */

/** A customer's endpoint. */
export interface EndpointRecord {
  readonly id: string;
  /** Null subscribes it to the events of every account. */
  readonly accountId: string | null;
  readonly url: string;
  /** Names of event types, or only `*` for all of them. */
  readonly events: readonly string[];
  readonly secret: string;
  readonly status: 'enabled' | 'disabled';
  /** The reason why it is disabled: all retries of an event failed, it responded with 410, or the user disabled it. */
  readonly disabledReason: 'failures' | 'gone' | 'manual' | null;
  readonly disabledAtMs: number | null;
  /** The time since which no attempt has succeeded; null if the last one succeeded. */
  readonly failingSinceMs: number | null;
  readonly lastError: string | null;
  /** True from the time it was disabled for failures until its owner has been notified. */
  readonly disabledNotificationPending: boolean;
  /** Held deliveries may be dropped from this time on; null until the first of them is about to expire. */
  readonly heldExpiresAtMs: number | null;
  /** When the first held delivery was dropped since the endpoint was last enabled; null if none was. */
  readonly heldDroppedAtMs: number | null;
  /** True from a change of `heldExpiresAtMs` or `heldDroppedAtMs` until the owner has been notified of it. */
  readonly heldNotificationPending: boolean;
  readonly createdAtMs: number;
}

/** A published event. Its body is serialised once and is the same in every attempt. */
export interface EventRecord {
  readonly id: string;
  readonly type: string;
  readonly accountId: string;
  readonly body: Uint8Array;
  readonly createdAtMs: number;
}

/**
 * A `scheduled` delivery waits for `dueAtMs`. An `attempting` one is claimed, with a token and a lease. A `held` one
 * waits until the held deliveries of its endpoint are released. The other statuses are terminal; a `failed` delivery
 * has no attempts left.
 */
export type DeliveryStatus = 'scheduled' | 'attempting' | 'held' | 'succeeded' | 'failed' | 'cancelled';

/** The delivery of one event to one endpoint. */
export interface DeliveryRecord {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly accountId: string;
  readonly endpointId: string;
  /**
   * An `automatic` delivery was created by publishing. A `manual` one was requested by the user and never disables its
   * endpoint. A `ping` has one attempt and does not affect its endpoint.
   */
  readonly kind: 'automatic' | 'manual' | 'ping';
  readonly status: DeliveryStatus;
  /** The number of attempts that have begun. */
  readonly attempts: number;
  readonly dueAtMs: number | null;
  /** Identifies the claim, so that the result of an attempt whose lease has passed is ignored. */
  readonly token: string | null;
  readonly leaseUntilMs: number | null;
  readonly createdAtMs: number;
}

/** The phases of an attempt in milliseconds. A phase that did not take place is absent. */
export interface AttemptTimings {
  readonly dnsMs?: number | undefined;
  readonly connectMs?: number | undefined;
  readonly tlsMs?: number | undefined;
  /** From the last byte of the request to the first of the response. */
  readonly waitMs?: number | undefined;
  readonly bodyMs?: number | undefined;
  readonly totalMs: number;
}

/** The result of one request. */
export interface AttemptResult {
  /** The address and port of the connection. */
  readonly address?: string | undefined;
  readonly timings: AttemptTimings;
  readonly status?: number | undefined;
  readonly responseHeaders?: Readonly<Record<string, string>> | undefined;
  /** The beginning of the response body as text, at most 16 KiB. */
  readonly responseBody?: string | undefined;
  /** The reason why there is no status, or why the response is incomplete. */
  readonly error?: string | undefined;
  /** The headers of the request, if the transport changed those that it was given. */
  readonly requestHeaders?: Readonly<Record<string, string>> | undefined;
  /** A remark of the transport, such as a fault that it introduced on purpose. */
  readonly note?: string | undefined;
}

/** One attempt. It is stored before the request is sent, and completed afterwards. */
export interface AttemptRecord {
  readonly deliveryId: string;
  readonly number: number;
  readonly url: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
  /** `pending` until the attempt has ended; `unknown` if the process ended first. */
  readonly outcome: 'pending' | 'success' | 'failure' | 'unknown';
  /** The headers that were sent; null until the attempt has ended. */
  readonly requestHeaders: Readonly<Record<string, string>> | null;
  readonly result: AttemptResult | null;
  readonly nextAttemptAtMs: number | null;
  /** Explains the time of the next attempt, or why there is none. */
  readonly reason: string | null;
}

/** The rows that a transition starts from. */
export interface Rows {
  readonly delivery: DeliveryRecord;
  /** Undefined if it was deleted. */
  readonly endpoint: EndpointRecord | undefined;
  /** The last attempt that has begun, if there is one. */
  readonly attempt: AttemptRecord | undefined;
}

/** The rows after a transition. A store does not write a row that is the same object as before. */
export interface Change {
  readonly delivery: DeliveryRecord;
  readonly endpoint?: EndpointRecord | undefined;
  readonly attempt?: AttemptRecord | undefined;
}

/** Returns the change of some rows, or undefined to leave them as they are. It is pure: a store may call it again. */
export type Transition = (rows: Rows) => Change | undefined;

/** First attempts and retries are claimed separately, so that neither delays the other. */
export type Lane = 'first' | 'retry';

/** A call of the API that must not be executed twice, and its response. */
export interface IdempotencyRecord {
  readonly accountId: string;
  readonly key: string;
  /** Identifies the call. Another call with the same key has another fingerprint and is rejected. */
  readonly fingerprint: string;
  /**
   * The id of the resource that the call creates. A retry of an abandoned call keeps it, so that nothing is created
   * twice.
   */
  readonly resourceId: string;
  readonly begunAtMs: number;
  /** True if the call ended without a response that could be stored. */
  readonly isAbandoned: boolean;
  /** Null unless the call has succeeded. */
  readonly response: { readonly status: number; readonly body: string } | null;
}

/** The classes that a store counts per account: ended deliveries, held ones, and events without deliveries. */
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

/** Whether a delivery has ended. */
export function isTerminal({ status }: DeliveryRecord): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** Returns the class that a delivery counts for; undefined while it is scheduled or being attempted. */
export function classOf(delivery: DeliveryRecord): 'ended' | 'held' | undefined {
  if (delivery.status === 'held') return 'held';
  return isTerminal(delivery) ? 'ended' : undefined;
}

/**
 * Returns the account whose turns and capacity a delivery uses: the one that owns the endpoint. Endpoints without an
 * account share the turns and capacity of one account, so that they do not use those of the accounts whose events
 * they receive.
 */
export function ownerOf(endpoint: Pick<EndpointRecord, 'accountId'> | undefined): string {
  // No account has this id: `createEndpoint` rejects it.
  return endpoint?.accountId ?? '*';
}

/** Returns the lane that a scheduled delivery waits in. */
export function laneOf(delivery: DeliveryRecord): Lane {
  return delivery.attempts === 0 ? 'first' : 'retry';
}
