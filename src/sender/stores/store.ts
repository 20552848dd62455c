import type {
  AttemptRecord,
  DeliveryRecord,
  DeliveryStatus,
  EndpointRecord,
  EventRecord,
  IdempotencyRecord,
  Lane,
  Transition,
} from '../records.js';

// The port between the sender and its stores. A store knows no rules of delivery: it passes rows to a pure function and
// writes the rows that the function returns, in one transaction.

/** The limits of a claim, and the transition of each claimed delivery. */
export interface ClaimRequest {
  readonly lane: Lane;
  readonly nowMs: number;
  /** The most deliveries that are claimed. */
  readonly limit: number;
  /** How many more attempts an account may have in flight. `ownerOf` returns the account of an endpoint. */
  readonly accountCapacityOf: (ownerId: string) => number;
  /** How many more attempts an endpoint may have in flight. */
  readonly capacityOf: (endpointId: string) => number;
  /** Begins an attempt, or holds or cancels a delivery that must not be sent. */
  readonly begin: Transition;
}

/** The result of a claim. */
export interface ClaimBatch {
  readonly claims: readonly Claim[];
  /** How many deliveries went through `begin`: more than `claims` if some were held or cancelled. */
  readonly processed: number;
}

/** Which due times and leases are brought forward after the wall clock was set back. */
export interface RebaseRequest {
  /** The time now. Times after it were computed before the clock was set back. */
  readonly nowMs: number;
  /** Milliseconds by which the clock was set back. */
  readonly byMs: number;
  /** The position that the previous step returned; undefined for the first step. */
  readonly position?: number | undefined;
}

/** The result of one step of publishing. */
export interface PublishStep {
  /** True if this call stored the step, false if an earlier call did. */
  readonly created: boolean;
  /** The deliveries of this step. */
  readonly deliveries: readonly DeliveryRecord[];
  /** The position of the next step; undefined after the last. */
  readonly next: number | undefined;
}

/** A delivery whose attempt has begun, with the rows that are needed to send it. */
export interface Claim {
  readonly delivery: DeliveryRecord;
  readonly endpoint: EndpointRecord;
  readonly event: EventRecord;
}

/** One page of a list. */
export interface Page<Item> {
  /** Can be fewer than `limit`, or none, even if there is a next page: the search for a page is bounded. */
  readonly items: readonly Item[];
  /** Digits that request the next page; undefined on the last page. */
  readonly nextCursor: string | undefined;
}

/** Requests a page of a list. */
export interface PageRequest {
  /** The `nextCursor` of the previous page; undefined for the first page. */
  readonly cursor?: string | undefined;
  /** The most items of the page. */
  readonly limit: number;
}

/** Requests a page of endpoints. */
export interface EndpointFilter extends PageRequest {
  readonly accountId?: string | undefined;
}

/** Requests a page of deliveries. */
export interface DeliveryFilter extends PageRequest {
  readonly endpointId?: string | undefined;
  readonly status?: DeliveryStatus | undefined;
  readonly eventType?: string | undefined;
  /** The id of the event. Accounts may use the same id. */
  readonly eventId?: string | undefined;
}

/** A change of the waiting deliveries of an endpoint. */
export interface WaitingRequest {
  readonly endpointId: string;
  readonly statuses: readonly ('scheduled' | 'held')[];
  /** The most deliveries that are changed, in one transaction. */
  readonly limit: number;
  readonly change: Transition;
}

/** The result of claiming an idempotency key. */
export type KeyClaim =
  /** The caller executes the call, with the `resourceId` of this record. */
  | { readonly status: 'claimed'; readonly record: IdempotencyRecord }
  /** The key belongs to a call that has a response, is in progress, or has another fingerprint. */
  | { readonly status: 'taken'; readonly record: IdempotencyRecord }
  /** The account has too many keys. */
  | { readonly status: 'full' };

/** The rules by which a claimed key becomes free again. */
export interface KeyExpiry {
  /** A key whose call began before this time is free. */
  readonly beforeMs: number;
  /** A call without a response that began before this time counts as abandoned. */
  readonly abandonedMs: number;
  /** The most keys that an account may have. */
  readonly limit: number;
}

/**
 * The rule by which a store forgets rows. Ages count from the creation of a row. `deliveries` and `bytes` are the most
 * that an account may have of each class.
 */
export interface PruneRule {
  readonly nowMs: number;
  /** Ended deliveries, and events without deliveries, created before this time are forgotten. */
  readonly endedBeforeMs: number;
  /** Milliseconds that a held delivery is kept. */
  readonly heldMs: number;
  /** Milliseconds before a held delivery expires at which its endpoint goes through `expireHeld`. */
  readonly heldNoticeMs: number;
  readonly deliveries: number;
  readonly bytes: number;
  /** Idempotency keys whose calls began before this time are forgotten. */
  readonly keysBeforeMs: number;
  /** The most rows forgotten in one transaction. */
  readonly limit: number;
  /** Decides on a held delivery that is due to be dropped, or will be soon. Pure. */
  readonly expireHeld: (endpoint: EndpointRecord, dueAtMs: number) => HeldExpiry;
}

/** The decision on a held delivery, and its endpoint after the decision. */
export interface HeldExpiry {
  readonly endpoint: EndpointRecord;
  readonly isDropped: boolean;
}

/** The result of one step of pruning. */
export interface PruneStep {
  readonly forgotten: number;
  /** True if the step reached the end of the store. The next step starts again at the beginning. */
  readonly isComplete: boolean;
}

/** An endpoint whose owner has to be notified about its held deliveries. */
export interface PendingHeldNotification {
  readonly endpoint: EndpointRecord;
  /** How many deliveries are held for it. */
  readonly deliveries: number;
}

/** A delivery with its event and its attempts. */
export interface DeliveryDetails {
  readonly delivery: DeliveryRecord;
  readonly event: EventRecord;
  readonly attempts: readonly AttemptRecord[];
}

/**
 * Stores the rows of a sender. Every method is one transaction, and resolves after the transaction is committed. Lists
 * are newest first.
 */
export interface SenderStore {
  /** Returns false, and inserts nothing, if the account has `maxOfAccount` endpoints or more. */
  insertEndpoint(endpoint: EndpointRecord, maxOfAccount?: number): Promise<boolean>;
  getEndpoint(id: string): Promise<EndpointRecord | undefined>;
  listEndpoints(filter: EndpointFilter): Promise<Page<EndpointRecord>>;
  /** Replaces an endpoint by the result of `change`. Resolves to undefined if there is no such endpoint. */
  updateEndpoint(
    id: string,
    change: (endpoint: EndpointRecord) => EndpointRecord,
  ): Promise<EndpointRecord | undefined>;
  /**
   * Removes an endpoint and puts its waiting deliveries through `change`. Resolves to false if there is no such
   * endpoint.
   */
  deleteEndpoint(id: string, change: Transition): Promise<boolean>;
  /** Puts waiting deliveries of an endpoint through `change`. Resolves to the number that changed. */
  changeWaiting(request: WaitingRequest): Promise<number>;
  /** The endpoints whose owners have yet to be notified that they were disabled. */
  pendingDisabledNotifications(): Promise<readonly EndpointRecord[]>;
  /** The endpoints whose owners have yet to be notified about held deliveries. */
  pendingHeldNotifications(): Promise<readonly PendingHeldNotification[]>;

  /**
   * Stores the event, and a delivery for each endpoint that is subscribed to it, in steps of at most
   * 100 endpoints. The caller continues with `next` as the position until it is undefined. A
   * step that an earlier call stored for the same account and id changes nothing and returns the deliveries of that
   * call. So publishing an event again, after a crash or at the same time, completes it and duplicates nothing.
   */
  publish(
    event: EventRecord,
    toDelivery: (endpoint: EndpointRecord) => DeliveryRecord | undefined,
    position?: number,
  ): Promise<PublishStep>;
  /** The events of which only some steps are stored, because their publisher failed or was killed. */
  unfinishedEvents(): Promise<readonly EventRecord[]>;
  /**
   * Inserts a single delivery: a manual one, or a ping, which comes with its event and its attempt. Resolves to false
   * if there is neither an `event` nor a stored one.
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
   * account. The deliveries of one endpoint are claimed in the order of their due times. `claimInTurns` implements
   * the turns for any store.
   */
  claim(request: ClaimRequest): Promise<ClaimBatch>;
  /** Puts each delivery through its transition, in order, in one transaction. */
  settle(settlements: readonly { readonly deliveryId: string; readonly change: Transition }[]): Promise<void>;
  /** Puts deliveries whose lease ends at `nowMs` or earlier through `change`. Resolves to the number that changed. */
  expire(nowMs: number, change: Transition): Promise<number>;
  /** True if no other process can use the store. Then all leases at the start belong to ended processes. */
  readonly exclusive: boolean;
  /** The earliest time after `afterMs` at which the first delivery of an endpoint is due or a lease ends. */
  nextAlarmMs(afterMs: number): Promise<number | undefined>;
  /**
   * Takes one bounded step of a rebase: subtracts `byMs` from due times and leases after `nowMs`, but not below
   * `nowMs`. Resolves to the position of the next step, if there is one. The sender calls it for exclusive stores only.
   */
  rebase(request: RebaseRequest): Promise<number | undefined>;

  /**
   * Takes one bounded step through the store and forgets the rows that the rule allows, oldest first within each
   * account and class. Deliveries are forgotten with their attempts, and with the last delivery its event. A row that
   * is dated in the future is forgotten with rows that were created after it.
   */
  prune(rule: PruneRule): Promise<PruneStep>;
  /** Claims an idempotency key for a call. */
  claimIdempotencyKey(record: IdempotencyRecord, expiry: KeyExpiry): Promise<KeyClaim>;
  /**
   * Ends the call that claimed a key. A response is stored and returned to later claims; `released` frees the key;
   * `abandoned` lets the same call claim the key again with the same `resourceId`. Does nothing if the key has since
   * been claimed by another call.
   */
  storeResponse(
    key: Pick<IdempotencyRecord, 'accountId' | 'key' | 'begunAtMs'>,
    outcome: NonNullable<IdempotencyRecord['response']> | 'released' | 'abandoned',
  ): Promise<void>;
  /** Commits writes that are not resolved yet, and releases the store. */
  close(): Promise<void>;
}

/** The most endpoints that one step of publishing examines. */
export const maxEndpointsPerStep = 100;

/** The most deliveries that one claim puts through `begin` in addition to those it claims. */
export const maxTransitionsPerClaim = 500;
