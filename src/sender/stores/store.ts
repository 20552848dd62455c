/**
 * What a store keeps, and what it must do. A store knows no rules of delivery: it hands rows to a pure
 * function and writes down what that gives back, all in one transaction.
 */

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
  readonly noticePending: boolean;
  /** Held deliveries may be dropped from this time on; null until the first of them nears its end. */
  readonly heldExpiresAtMs: number | null;
  /** When the first held delivery was dropped since the endpoint was last enabled. */
  readonly heldDroppedAtMs: number | null;
  /** True from a change of the two fields above until the owner has been notified of it. */
  readonly heldNoticePending: boolean;
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

export interface ClaimRequest {
  readonly lane: Lane;
  readonly nowMs: number;
  /** How many at most. */
  readonly limit: number;
  /** How many more attempts an account may have under way; see {@link ownerOf}. */
  readonly accountCapacityOf: (ownerId: string) => number;
  /** How many more attempts an endpoint may have under way. */
  readonly capacityOf: (endpointId: string) => number;
  /** Begins an attempt, or holds or cancels a delivery that must not be sent. */
  readonly begin: Transition;
}

/** The result of a claim. */
export interface ClaimBatch {
  readonly claims: readonly Claim[];
  /** How many deliveries went through `begin`: more than were claimed if some were held or cancelled. */
  readonly processed: number;
}

/** After the wall clock was set back: which due times and leases are brought forward. */
export interface RebaseRequest {
  /** The time now. A delivery that is due later was scheduled by the clock as it was before. */
  readonly nowMs: number;
  /** By how much the clock was set back. */
  readonly byMs: number;
  /** `next` of the step before. */
  readonly position?: number | undefined;
}

/** One step of publishing. */
export interface PublishStep {
  /** True if this call stored it, false if an earlier one had. */
  readonly created: boolean;
  /** The deliveries of this step. */
  readonly deliveries: readonly DeliveryRecord[];
  /** The position of the next step; undefined after the last. */
  readonly next: number | undefined;
}

/** A delivery that is now to be sent. */
export interface Claim {
  readonly delivery: DeliveryRecord;
  readonly endpoint: EndpointRecord;
  readonly event: EventRecord;
}

export interface Page<Item> {
  /** Can be fewer than asked for, and even none, although there is a next page: a page is a bounded search. */
  readonly items: readonly Item[];
  /** Digits. Give it back to get the next page; undefined on the last. */
  readonly nextCursor: string | undefined;
}

export interface PageRequest {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface EndpointFilter extends PageRequest {
  readonly accountId?: string | undefined;
}

export interface DeliveryFilter extends PageRequest {
  readonly endpointId?: string | undefined;
  readonly status?: DeliveryStatus | undefined;
  readonly eventType?: string | undefined;
}

/** Deliveries of an endpoint that wait, for a change to all of them. */
export interface WaitingRequest {
  readonly endpointId: string;
  readonly statuses: readonly ('scheduled' | 'held')[];
  /** How many at most, in one transaction. */
  readonly limit: number;
  readonly change: Transition;
}

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
  readonly answer: { readonly status: number; readonly body: string } | null;
}

/** Result of claiming an idempotency key. */
export type KeyClaim =
  /** The caller carries the call out, under the `resourceId` of this record. */
  | { readonly status: 'claimed'; readonly record: IdempotencyRecord }
  /** Another call has the key: answered, under way, or with another fingerprint. */
  | { readonly status: 'taken'; readonly record: IdempotencyRecord }
  /** The account has too many keys. */
  | { readonly status: 'full' };

/** When a claimed key is free again. */
export interface KeyExpiry {
  /** A key whose call began before this time is free. */
  readonly beforeMs: number;
  /** A call without an answer that began before this time counts as abandoned. */
  readonly abandonedMs: number;
  /** The most keys that an account may have. */
  readonly limit: number;
}

/** What a store counts per account: deliveries by their state, and events that have no delivery. */
export type RetentionClass = 'ended' | 'held' | 'unheard';

/**
 * What a store may forget. Ages count from the creation. `deliveries` and `bytes` are the most that an account
 * may have of each class.
 */
export interface PruneRule {
  readonly nowMs: number;
  /** Ended deliveries, and events without deliveries, created before this time are forgotten. */
  readonly endedBeforeMs: number;
  /** Milliseconds that a held delivery is kept. */
  readonly heldMs: number;
  /** Milliseconds before the end of a held delivery at which its endpoint goes through `expireHeld`. */
  readonly heldNoticeMs: number;
  readonly deliveries: number;
  readonly bytes: number;
  /** Idempotency keys whose calls began before this time are forgotten. */
  readonly keysBeforeMs: number;
  /** The most rows forgotten in one transaction. */
  readonly limit: number;
  /** Decides on a held delivery that is, or soon will be, due to be dropped. Pure. */
  readonly expireHeld: (endpoint: EndpointRecord, dueAtMs: number) => HeldExpiry;
}

/** A decision on a held delivery, and its endpoint afterwards. */
export interface HeldExpiry {
  readonly endpoint: EndpointRecord;
  readonly isDropped: boolean;
}

/** Result of one step of pruning. */
export interface PruneStep {
  readonly forgotten: number;
  /** True if the step reached the end of the store; the next one begins at its start. */
  readonly isComplete: boolean;
}

/** An endpoint whose owner has to be notified about its held deliveries. */
export interface PendingHeldNotice {
  readonly endpoint: EndpointRecord;
  /** How many deliveries are held for it. */
  readonly deliveries: number;
}

/** A delivery with all there is to see of it. */
export interface DeliveryDetails {
  readonly delivery: DeliveryRecord;
  readonly event: EventRecord;
  readonly attempts: readonly AttemptRecord[];
}

/**
 * The port. Every method is one transaction; what it resolves is durable as far as the store is.
 * Lists are newest first.
 */
export interface SenderStore {
  /** Returns false, and inserts nothing, if the account has `maxOfAccount` endpoints or more. */
  insertEndpoint(endpoint: EndpointRecord, maxOfAccount?: number): Promise<boolean>;
  getEndpoint(id: string): Promise<EndpointRecord | undefined>;
  listEndpoints(filter: EndpointFilter): Promise<Page<EndpointRecord>>;
  /** Undefined where there is none. */
  updateEndpoint(
    id: string,
    change: (endpoint: EndpointRecord) => EndpointRecord,
  ): Promise<EndpointRecord | undefined>;
  /** Removes it; what still waits for it goes through `change`. False where there is none. */
  deleteEndpoint(id: string, change: Transition): Promise<boolean>;
  /** Puts waiting deliveries through `change`; how many changed. */
  changeWaiting(request: WaitingRequest): Promise<number>;
  /** Endpoints whose owners have yet to be told. */
  pendingNotices(): Promise<readonly EndpointRecord[]>;
  pendingHeldNotices(): Promise<readonly PendingHeldNotice[]>;

  /**
   * Stores the event, and a delivery for each endpoint that is subscribed to it, in steps of at most
   * {@link maxEndpointsPerStep} endpoints: the caller goes on with `next` until there is none. A step that an
   * earlier call stored, for the same account and id, changes nothing and returns the deliveries it made. So
   * publishing again after a crash, or at the same time, completes the rest and duplicates nothing.
   */
  publish(
    event: EventRecord,
    toDelivery: (endpoint: EndpointRecord) => DeliveryRecord | undefined,
    position?: number,
  ): Promise<PublishStep>;
  /** Events of which some steps were stored and some were not: their publisher failed or died. */
  unfinishedEvents(): Promise<readonly EventRecord[]>;
  /**
   * A delivery by itself: one by hand, or a ping, which brings its event and has begun already. False where it
   * brings none and there is none.
   */
  insertDelivery(rows: {
    readonly delivery: DeliveryRecord;
    readonly event?: EventRecord | undefined;
    readonly attempt?: AttemptRecord | undefined;
  }): Promise<boolean>;
  getDelivery(id: string): Promise<DeliveryDetails | undefined>;
  listDeliveries(filter: DeliveryFilter): Promise<Page<DeliveryRecord>>;

  /**
   * Puts a bounded number of due deliveries through `begin`. Accounts take turns, and so do the endpoints of an
   * account; the deliveries of one endpoint go oldest first. {@link claimInTurns} does this for any store.
   */
  claim(request: ClaimRequest): Promise<ClaimBatch>;
  /** Puts each delivery through its transition, in order. What arrives together is one commit. */
  settle(settlements: readonly { readonly deliveryId: string; readonly change: Transition }[]): Promise<void>;
  /** Puts attempts whose lease has passed by then through `change`. How many there were. */
  expire(nowMs: number, change: Transition): Promise<number>;
  /** True where no other process can have the store: then, at start, all leases are of dead processes. */
  readonly exclusive: boolean;
  /** When, after a time, the first of a queue is due or a lease passes. */
  nextAlarmMs(afterMs: number): Promise<number | undefined>;
  /**
   * Brings forward due times and leases that lie after `nowMs`, by `byMs` but not before `nowMs`; a bounded number
   * of them. Returns the position of the next step, if there is one. Called for exclusive stores only.
   */
  rebase(request: RebaseRequest): Promise<number | undefined>;

  /**
   * Takes one bounded step through the store and forgets what the rule allows, oldest first within each account and
   * class, with attempts and events. A row that is dated in the future is forgotten with rows created after it.
   */
  prune(rule: PruneRule): Promise<PruneStep>;
  /** Claims a key for a call. */
  takeKey(record: IdempotencyRecord, expiry: KeyExpiry): Promise<KeyClaim>;
  /**
   * Ends the call of a key: `answer` is kept and given again; `released` frees the key; `abandoned` lets the same
   * call claim it again under the same `resourceId`.
   */
  answerKey(
    key: Pick<IdempotencyRecord, 'accountId' | 'key' | 'begunAtMs'>,
    outcome: NonNullable<IdempotencyRecord['answer']> | 'released' | 'abandoned',
  ): Promise<void>;
  close(): Promise<void>;
}

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
export function isOver({ status }: DeliveryRecord): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled';
}

/** The class that a delivery counts for; undefined while it waits for an attempt or has one under way. */
export function classOf(delivery: DeliveryRecord): 'ended' | 'held' | undefined {
  if (delivery.status === 'held') return 'held';
  return isOver(delivery) ? 'ended' : undefined;
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

/** As many endpoints as one step of publishing goes through. */
export const maxEndpointsPerStep = 100;

/** As many deliveries as one claim puts through `begin` beyond those it claims. */
export const maxMovesPerClaim = 500;

/** Where a waiting delivery waits. */
export function laneOf(delivery: DeliveryRecord): Lane {
  return delivery.attempts === 0 ? 'first' : 'retry';
}
