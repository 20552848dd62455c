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

/**
 * What a store keeps, and what it must do. A store knows no rules of delivery: it hands rows to a pure
 * function and writes down what that gives back, all in one transaction.
 */

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
  /** A call without a response that began before this time counts as abandoned. */
  readonly abandonedMs: number;
  /** The most keys that an account may have. */
  readonly limit: number;
}

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
export interface PendingHeldNotification {
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
  pendingDisabledNotifications(): Promise<readonly EndpointRecord[]>;
  pendingHeldNotifications(): Promise<readonly PendingHeldNotification[]>;

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
  claimIdempotencyKey(record: IdempotencyRecord, expiry: KeyExpiry): Promise<KeyClaim>;
  /**
   * Ends the call of a key: `answer` is kept and given again; `released` frees the key; `abandoned` lets the same
   * call claim it again under the same `resourceId`.
   */
  storeResponse(
    key: Pick<IdempotencyRecord, 'accountId' | 'key' | 'begunAtMs'>,
    outcome: NonNullable<IdempotencyRecord['response']> | 'released' | 'abandoned',
  ): Promise<void>;
  close(): Promise<void>;
}

/** As many endpoints as one step of publishing goes through. */
export const maxEndpointsPerStep = 100;

/** As many deliveries as one claim puts through `begin` beyond those it claims. */
export const maxTransitionsPerClaim = 500;
