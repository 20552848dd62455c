import type { EventType, PingEvent, WebhookEvent } from '../events/types.js';
import type { Clock } from './clock.js';
import type { DeliveryRecord, DeliveryStatus, EndpointRecord } from './records.js';
import type { DeliveryDetails, Page, SenderStore } from './stores/store.js';
import type { Transport } from './transport/transport.js';

/** Options of `createSender`. */
export interface SenderOptions {
  /** Where endpoints, events and deliveries are kept: `createMemoryStore()` and others. */
  store: SenderStore;
  /** How requests get out. @default over HTTP/1.1 */
  transport?: Transport | undefined;
  /** @default the machine's own */
  clock?: Clock | undefined;
  /**
   * Seconds from the end of an attempt to the next (contract section 4).
   * @default [10, 60, 300, 1800, 7200]
   */
  retryScheduleSeconds?: readonly number[] | undefined;
  /** One attempt in all, in milliseconds. @default 15_000 */
  attemptTimeoutMs?: number | undefined;
  /** How many attempts may be under way at once. @default 512 */
  maxInFlight?: number | undefined;
  /** And of one account; endpoints of no account count as one. Pings count. @default half of `maxInFlight` */
  maxInFlightPerAccount?: number | undefined;
  /** And of one endpoint. @default 8 */
  maxInFlightPerEndpoint?: number | undefined;
  /** How much of an interval chance may add, 0 to 1. It never shortens one. @default 0 */
  jitterRatio?: number | undefined;
  /** For jitter: 0 up to 1. @default Math.random */
  random?: (() => number) | undefined;
  /** Admits `http:` and addresses that are not public, for local work. @default false */
  allowPrivateNetwork?: boolean | undefined;
  /** Told once of each endpoint that was disabled for its failures; again if the process ended while it was told. */
  onEndpointDisabled?: ((endpoint: Endpoint) => unknown) | undefined;
  /**
   * Called when held deliveries of an endpoint are near their end (`expiring`), and when the first of them was
   * dropped (`dropped`). Called again if it rejects, or if the process ended meanwhile; the state is reset when the
   * endpoint is enabled. `createHeldExpiringMailer` of `@hostwares/webhooks/sender/email` sends an e-mail.
   */
  onHeldExpiring?: ((endpoint: Endpoint, notice: HeldNotice) => unknown) | undefined;
  /** How long and how much is kept. See {@link RetentionOptions}. */
  retention?: RetentionOptions | undefined;
  /**
   * Told of what a store, a transport or a callback threw. Deliveries go on.
   * @default a warning of the process
   */
  onError?: ((error: unknown) => unknown) | undefined;
}

/**
 * How long deliveries are kept, with their attempts and events. Amounts are **per account**, and apply to ended
 * deliveries, to held ones, and to events that no endpoint was subscribed to, each. The oldest are dropped first, at
 * the next sweep (every 90 seconds). While an event is kept, its id is known, and publishing it again adds nothing.
 */
export interface RetentionOptions {
  /** Days that ended deliveries are kept. @default 30 */
  days?: number | undefined;
  /** Days that held deliveries are kept. @default 30 */
  heldDays?: number | undefined;
  /** The most deliveries. @default 100_000 */
  deliveries?: number | undefined;
  /** The most bytes of bodies and attempts; a body counts for each of its deliveries. @default 268_435_456 (256 MiB) */
  bytes?: number | undefined;
}

/** What becomes of the held deliveries of an endpoint. */
export interface HeldNotice {
  /** `expiring`: they will be dropped. `dropped`: the first of them was. */
  readonly state: 'expiring' | 'dropped';
  /** From when on they are dropped, oldest first: milliseconds since 1970. */
  readonly fromMs: number;
  /** How many deliveries are held now. */
  readonly deliveries: number;
}

/** An endpoint as it may be shown: without its secret. */
export type Endpoint = Omit<
  EndpointRecord,
  'secret' | 'disabledNotificationPending' | 'heldExpiresAtMs' | 'heldDroppedAtMs' | 'heldNotificationPending'
>;

/** An endpoint that was just made. */
export interface CreatedEndpoint extends Endpoint {
  /** Only where the sender made it: shown this once, and never again. */
  readonly secret?: string;
  readonly ping: PingResult;
}

/** What came of a ping. A failed one does not stop a save. */
export interface PingResult {
  readonly ok: boolean;
  readonly deliveryId: string;
  readonly status: number | null;
  /** What went wrong: `HTTP 401: ` and what was said to it, or why there was no answer. */
  readonly error: string | null;
}

/** A known name, which editors offer, or any text: what is not known is refused with those that are. */
export type EventName = EventType | '*' | (string & {});

/** What an endpoint is made of. */
export interface EndpointInput {
  /** `https:`, and a public host. */
  url: string;
  /** Names of event types, or `['*']` for all. */
  events: readonly EventName[];
  /** At least 16 characters; left out, one is made. */
  secret?: string | undefined;
  /** The account whose events it hears; left out, every account's. */
  accountId?: string | undefined;
}

/** Of each kind of event what has to be given: id and time are made where they are left out. */
type PartsOf<Event> = Event extends WebhookEvent
  ? Omit<Event, 'id' | 'timestamp'> & { readonly [Name in 'id' | 'timestamp']?: Event[Name] | undefined }
  : never;

/** An event; one that this version does not know as `{ event: 'unknown', type, … }`. Pings are sent otherwise. */
export type PublishInput = WebhookEvent | PartsOf<Exclude<WebhookEvent, PingEvent>>;

/** What came of publishing. */
export interface PublishResult {
  readonly eventId: string;
  /** False where the id was published before: nothing was added. */
  readonly created: boolean;
  readonly deliveries: readonly DeliveryRecord[];
}

/** A page of a list, newest first. */
export interface ListOptions {
  /** `nextCursor` of the page before. */
  cursor?: string | undefined;
  /** 1 to 100. @default 20 */
  limit?: number | undefined;
}

/** Made by `createSender`. */
export interface Sender {
  /** Saves an endpoint and pings it. @throws `SenderError` `invalid_url`, `invalid_events`, `invalid_secret` */
  createEndpoint(input: EndpointInput): Promise<CreatedEndpoint>;
  getEndpoint(id: string): Promise<Endpoint | undefined>;
  listEndpoints(options?: ListOptions & { accountId?: string | undefined }): Promise<Page<Endpoint>>;
  /** @throws `SenderError` `not_found`, and as for `createEndpoint` */
  updateEndpoint(
    id: string,
    input: { url?: string | undefined; events?: EndpointInput['events'] | undefined },
  ): Promise<Endpoint>;
  /** Its waiting deliveries are cancelled. @throws `SenderError` `not_found` */
  deleteEndpoint(id: string): Promise<void>;
  /** With `release`, what was held meanwhile is due now. @throws `SenderError` `not_found` */
  enableEndpoint(
    id: string,
    options?: { release?: boolean | undefined },
  ): Promise<Endpoint & { released: number }>;
  /** Deliveries are held until it is enabled and they are released. @throws `SenderError` `not_found` */
  disableEndpoint(id: string): Promise<Endpoint>;
  /** From the next attempt on, the new secret signs. @throws `SenderError` `not_found`, `invalid_secret` */
  rotateSecret(id: string, options?: { secret?: string | undefined }): Promise<{ secret: string }>;
  /**
   * One attempt, now, that counts for nothing. It waits for a place if too many attempts are under way; while an
   * endpoint is being pinged, it is not pinged a second time, and the result is that of the first.
   * @throws `SenderError` `not_found`
   */
  pingEndpoint(id: string): Promise<PingResult>;
  /**
   * Keeps an event and a delivery for each endpoint that hears it; for a disabled one it is held. What it
   * resolves to is as durable as the store.
   *
   * @throws `SenderError` `invalid_event`, `payload_too_large`
   */
  publish(event: PublishInput): Promise<PublishResult>;
  getDelivery(id: string): Promise<DeliveryDetails | undefined>;
  listDeliveries(
    options?: ListOptions & {
      endpointId?: string | undefined;
      status?: DeliveryStatus | undefined;
      event?: string | undefined;
    },
  ): Promise<Page<DeliveryRecord>>;
  /**
   * The same event once more, as a new delivery that never disables its endpoint.
   * @throws `SenderError` `not_found` where the delivery or its endpoint is gone
   */
  redeliver(deliveryId: string): Promise<DeliveryRecord>;
  /**
   * Delivers from now on, and keeps the process alive until it is stopped. Waits for a `stop` that is under way; if
   * it rejects, nothing runs.
   * @throws Error if the transport cannot work or the store fails
   */
  start(): Promise<void>;
  /** No new attempts; waits for those under way, pings included. @param options.drainMs - At most so long. Default 20_000. */
  stop(options?: { drainMs?: number | undefined }): Promise<void>;
  /**
   * On a virtual clock: delivers all there is, going on from each due time to the next, until nothing is left
   * to do.
   * @throws `TypeError` on a clock that cannot be advanced
   */
  runUntilIdle(): Promise<void>;
}
