import type { AttemptRecord, DeliveryRecord } from '../sender/records.js';
import type { CreatedEndpoint, EndpointInput, PublishInput, PublishResult, Sender } from '../sender/types.js';

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** The port on 127.0.0.1. 0 takes a free one. @default 0 */
  port?: number | undefined;
  /**
   * The path of a SQLite file, with which everything is still there after a restart. E-mails and the time are in a file
   * beside it, `<db>.emulator.json`. Needs Node 22.13 or later.
   * @default none: everything is in memory
   */
  db?: string | undefined;
  /**
   * Allows `http:` endpoints on other machines than this one. Without it, an endpoint is on loopback or `https:`.
   * @default false
   */
  allowPrivateNetwork?: boolean | undefined;
  /**
   * The retry intervals in seconds.
   * @default the contract's: [10, 60, 300, 1800, 7200]
   */
  retryScheduleSeconds?: readonly number[] | undefined;
  /** The deadline of one attempt in milliseconds. @default 15_000 */
  attemptTimeoutMs?: number | undefined;
  /** Called with each error of the store, the server or a listener. @default emits a warning of the process */
  onError?: ((error: unknown) => unknown) | undefined;
}

/** Each kind of event, whose account is optional. */
type WithOptionalAccount<Event> = Event extends { account_id: string }
  ? Omit<Event, 'account_id'> & { readonly account_id?: string | undefined }
  : never;

/** An event to trigger. Without `id`, `timestamp` or `account_id`, the emulator adds its own. */
export type TriggerInput = WithOptionalAccount<PublishInput>;

/** A change of a delivery, after it has been stored. */
export interface DeliveryChange {
  readonly delivery: DeliveryRecord;
  /** The attempt that began or ended with the change; undefined if the change is not about an attempt. */
  readonly attempt: AttemptRecord | undefined;
}

/**
 * Something that goes wrong on purpose with the next deliveries (never with pings):
 * - `duplicate`: the request is sent twice, at the same time.
 * - `delay`: it is sent 3 s later.
 * - `reorder`: it is sent after the next one to the same URL has ended, and after 3 s at the latest.
 * - `tamper`: one byte of the body is changed after it was signed.
 * - `stale`: its timestamp header is an hour old.
 * - `truncate`: the connection is closed in the middle of the body.
 * - `old-secret`: it is signed with the endpoint's previous secret, or with a wrong one if there is none.
 */
export type FaultKind = 'duplicate' | 'delay' | 'reorder' | 'tamper' | 'stale' | 'truncate' | 'old-secret';

/** A fault, and how many attempts it still applies to. */
export interface Fault {
  readonly kind: FaultKind;
  readonly remaining: number;
}

/** The faults that wait for deliveries. */
export interface Faults {
  /**
   * Applies a fault to the next attempts, in addition to what is left of the same kind.
   *
   * @param count - 1 to 1,000, which is also the most that is kept of a kind. Default: 1.
   * @throws `TypeError` for another kind or count
   */
  add(kind: FaultKind, count?: number): void;
  /** The faults that are left, in the order in which they are applied. */
  list(): readonly Fault[];
  clear(): void;
}

/**
 * The clock of an emulator: the machine's, until it is paused or moved forward. It never goes back, also not after a
 * restart with the same `db`. Requests and events carry the machine's time, so receivers accept them all the same.
 */
export interface EmulatorClock {
  /** The emulator's time, in milliseconds since 1970. */
  now(): number;
  readonly isPaused: boolean;
  /** Stops the time. What is due is still sent. */
  pause(): void;
  resume(): void;
  /** The due time of the next delivery, which is past if it waits for others; undefined if none is scheduled. */
  nextRetryAtMs(): Promise<number | undefined>;
  /**
   * Waits for the attempts in flight, moves the clock to the next attempt, and waits for those that are then due. Resolves
   * to false if none was scheduled. Calls at the same time are carried out one after the other.
   *
   * @throws `Error` if the emulator is stopped
   */
  jumpToNextRetry(): Promise<boolean>;
  /**
   * Jumps from one attempt to the next until no delivery waits for one.
   *
   * @throws `Error` if the emulator is stopped
   */
  runToEnd(): Promise<void>;
}

/** An e-mail that the platform would have sent. */
export interface Mail {
  readonly id: string;
  readonly sentAtMs: number;
  readonly endpointId: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** The e-mails about endpoints: the newest 200. */
export interface Mailbox {
  /** Newest first. */
  list(): readonly Mail[];
  get(id: string): Mail | undefined;
}

/** The platform on this machine: sender, API and dashboard, created by `startEmulator`. */
export interface Emulator extends AsyncDisposable {
  /** The address of the dashboard and the API, such as `http://127.0.0.1:4400`. */
  readonly url: string;
  /** The account that owns the endpoints and events of the emulator. */
  readonly accountId: string;
  /** The API key of that account, for `/api/webhooks`. */
  readonly apiKey: string;
  /** The sender: endpoints, deliveries, redelivery. Already started. */
  readonly sender: Sender;
  readonly clock: EmulatorClock;
  readonly faults: Faults;
  readonly mailbox: Mailbox;
  /**
   * Creates an endpoint of the emulator's account and pings it.
   *
   * @throws `SenderError` `invalid_url` if the URL is neither `https:` nor on loopback; and as `Sender.createEndpoint`
   */
  createEndpoint(input: Omit<EndpointInput, 'accountId'>): Promise<CreatedEndpoint>;
  /** Returns the secret that an endpoint's deliveries are signed with; undefined if there is no such endpoint. */
  secretOf(endpointId: string): Promise<string | undefined>;
  /**
   * Publishes an event: a name for a sample of it, or an event. It belongs to the emulator's account unless it names
   * another one, whose events reach none of the emulator's endpoints.
   *
   * @throws `SenderError` `invalid_event`, `payload_too_large`
   */
  trigger(event: string | TriggerInput): Promise<PublishResult>;
  /**
   * Waits until an attempt of the delivery has ended, and returns it. Does not move the clock: a retry has to become due.
   *
   * @param number - Counts from 1. Default: 1.
   * @throws `Error` if there is no such delivery, it has ended before that attempt, or the emulator is stopped
   */
  waitForAttempt(deliveryId: string, number?: number): Promise<AttemptRecord>;
  /** Calls back after each change of a delivery. Returns a function that ends it. */
  onDelivery(listener: (change: DeliveryChange) => unknown): () => void;
  /**
   * Stops the server and the sender, and closes the store. Attempts in flight are aborted; with a `db`, they are retried
   * after the next start.
   */
  stop(): Promise<void>;
}
