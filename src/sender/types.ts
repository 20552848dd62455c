import type { EventType, PingEvent, WebhookEvent } from '../events/types.js';
import type { Clock } from './clock.js';
import type { DeliveryRecord, DeliveryStatus, EndpointRecord } from './records.js';
import type { DeliveryDetails, Page, SenderStore } from './stores/store.js';
import type { Transport } from './transport/transport.js';

/** Options of `createSender`. */
export interface SenderOptions {
  /** Stores endpoints, events and deliveries: `createMemoryStore()`, `createSqliteStore({ path })`. */
  store: SenderStore;
  /** Sends the requests. @default HTTP/1.1 over node:http */
  transport?: Transport | undefined;
  /** Tells the time and sets timers. @default the clock of the machine */
  clock?: Clock | undefined;
  /**
   * The retry intervals in seconds, each from the end of an attempt to the next one (contract section 4).
   * @default [10, 60, 300, 1800, 7200]
   */
  retryScheduleSeconds?: readonly number[] | undefined;
  /** The deadline of one attempt in milliseconds: DNS, connection, TLS, headers and body. @default 15_000 */
  attemptTimeoutMs?: number | undefined;
  /** The most attempts in flight at once. @default 512 */
  maxInFlight?: number | undefined;
  /**
   * The most attempts and pings of one account in flight at once. Endpoints without an account count as one account.
   * @default half of `maxInFlight`
   */
  maxInFlightPerAccount?: number | undefined;
  /** The most attempts to one endpoint in flight at once. @default 8 */
  maxInFlightPerEndpoint?: number | undefined;
  /**
   * The largest part of a retry interval that is randomly added to it, from 0 to 1. Jitter never shortens an interval.
   * @default 0
   */
  jitterRatio?: number | undefined;
  /** Returns a random number from 0 to less than 1, for jitter. @default Math.random */
  random?: (() => number) | undefined;
  /** Allows `http:` and addresses that are not public. For local work only. @default false */
  allowPrivateNetwork?: boolean | undefined;
  /**
   * Called once for each endpoint that was disabled because all retries of an event failed, or because it answered 410.
   * If the callback rejects, it is called again after a minute; if the process dies meanwhile, at the next start.
   * `createEndpointDisabledMailer` of `@hostwares/webhooks/sender/email` sends an e-mail.
   */
  onEndpointDisabled?: ((endpoint: Endpoint) => unknown) | undefined;
  /**
   * Called before held deliveries of an endpoint are dropped (`expiring`), and once the first of them has been
   * (`dropped`). If it rejects or the process dies meanwhile, it is called again. Enabling the endpoint resets this.
   * `createHeldExpiringMailer` of `@hostwares/webhooks/sender/email` sends an e-mail.
   */
  onHeldExpiring?: ((endpoint: Endpoint, notice: HeldNotice) => unknown) | undefined;
  /** The limits on age and amount of stored deliveries. Defaults: see {@link RetentionOptions}. */
  retention?: RetentionOptions | undefined;
  /**
   * Called with each error that a store, a transport or a callback threw. The sender continues.
   * @default emits a warning of the process
   */
  onError?: ((error: unknown) => unknown) | undefined;
}

/**
 * How long the sender keeps deliveries with their attempts and events, and how many. `deliveries` and `bytes` are limits
 * **per account**. They apply separately to deliveries that have ended, to held ones, and to events without a subscribed
 * endpoint. A sweep every 90 seconds drops the oldest first.
 *
 * The id of an event is known as long as the event is kept: until then, publishing it again adds nothing.
 */
export interface RetentionOptions {
  /** Days for which a delivery that has ended is kept, counted from its creation. @default 30 */
  days?: number | undefined;
  /** Days for which a held delivery is kept, counted from its creation. @default 30 */
  heldDays?: number | undefined;
  /** The most deliveries. @default 100_000 */
  deliveries?: number | undefined;
  /** The most bytes of bodies and attempts. A body counts once per delivery. @default 268_435_456 (256 MiB) */
  bytes?: number | undefined;
}

/** A notice about the held deliveries of an endpoint. */
export interface HeldNotice {
  /** `expiring`: they will be dropped. `dropped`: the first one has been. */
  readonly state: 'expiring' | 'dropped';
  /** The time of the first drop, in milliseconds since 1970. */
  readonly fromMs: number;
  /** The number of deliveries that are held now. */
  readonly deliveries: number;
}

/** An endpoint without its secret. */
export type Endpoint = Omit<
  EndpointRecord,
  'secret' | 'disabledNotificationPending' | 'heldExpiresAtMs' | 'heldDroppedAtMs' | 'heldNotificationPending'
>;

/** An endpoint that was just created. */
export interface CreatedEndpoint extends Endpoint {
  /** The secret that the sender generated. It is returned only here; absent if you passed one. */
  readonly secret?: string;
  /** The result of its first ping. A failed ping does not undo the creation. */
  readonly ping: PingResult;
}

/** The result of a ping. */
export interface PingResult {
  /** True if the endpoint answered with a 2xx status. */
  readonly ok: boolean;
  /** The id of the ping's delivery, whose attempt `getDelivery` returns. */
  readonly deliveryId: string;
  /** The HTTP status; null if there was no response. */
  readonly status: number | null;
  /** `HTTP 401: ` and the beginning of the response's body, or the reason why there was no response; null if `ok`. */
  readonly error: string | null;
}

/** The name of an event type, or `*` for all. Editors suggest the known names; the sender rejects unknown ones. */
export type EventName = EventType | '*' | (string & {});

/** The properties of an endpoint to create. */
export interface EndpointInput {
  /** An `https:` URL with a public host, at most 2,048 characters. */
  url: string;
  /** The event types to subscribe to, or `['*']` for all. */
  events: readonly EventName[];
  /** 16 to 1,024 characters. Without it, the sender generates a secret and returns it once. */
  secret?: string | undefined;
  /** The account whose events the endpoint receives. Without it, the endpoint receives the events of every account. */
  accountId?: string | undefined;
}

/** Each kind of event with an optional id and timestamp. */
type PartsOf<Event> = Event extends WebhookEvent
  ? Omit<Event, 'id' | 'timestamp'> & { readonly [Name in 'id' | 'timestamp']?: Event[Name] | undefined }
  : never;

/**
 * An event to publish. Without `id` and `timestamp`, the sender generates them. A type that this version does not know is
 * published as `{ event: 'unknown', type, … }`. Pings are sent with `pingEndpoint` instead.
 */
export type PublishInput = WebhookEvent | PartsOf<Exclude<WebhookEvent, PingEvent>>;

/** The result of publishing an event. */
export interface PublishResult {
  /** The id of the event: the given one, or the one that the sender generated. */
  readonly eventId: string;
  /** False if the account has published an event with this id before: then nothing was added. */
  readonly created: boolean;
  /** The deliveries of the event, one per subscribed endpoint. */
  readonly deliveries: readonly DeliveryRecord[];
}

/** Selects a page of a list. Lists are sorted from newest to oldest. */
export interface ListOptions {
  /** The `nextCursor` of the previous page. Without it, the first page is returned. */
  cursor?: string | undefined;
  /** The most items of the page, 1 to 100. @default 20 */
  limit?: number | undefined;
}

/**
 * A sender, created by `createSender` (contract sections 1 and 4).
 *
 * Calls reject with a `SenderError` whose `code` is named below, with a `TypeError` for a misspelt option, or with the
 * error of the store.
 */
export interface Sender {
  /**
   * Creates an endpoint and pings it. A failed ping does not undo the creation.
   *
   * @throws `SenderError` `invalid_url`, `invalid_events`, `invalid_secret`
   *
   * @example
   * const { id, secret, ping } = await sender.createEndpoint({
   *   url: 'https://example.com/webhooks/hostwares',
   *   events: ['deployment.failed'],
   *   accountId: 'acc_1',
   * });
   */
  createEndpoint(input: EndpointInput): Promise<CreatedEndpoint>;
  /** Returns an endpoint; undefined if there is none with this id. */
  getEndpoint(id: string): Promise<Endpoint | undefined>;
  /**
   * Lists the endpoints of an account, or all.
   *
   * @throws `SenderError` `invalid_page`
   */
  listEndpoints(options?: ListOptions & { accountId?: string | undefined }): Promise<Page<Endpoint>>;
  /**
   * Changes the URL or the subscriptions of an endpoint. Waiting deliveries are sent to the new URL.
   *
   * @throws `SenderError` `not_found`, `invalid_url`, `invalid_events`
   */
  updateEndpoint(
    id: string,
    input: { url?: string | undefined; events?: EndpointInput['events'] | undefined },
  ): Promise<Endpoint>;
  /**
   * Deletes an endpoint and cancels its waiting deliveries.
   *
   * @throws `SenderError` `not_found`
   */
  deleteEndpoint(id: string): Promise<void>;
  /**
   * Enables an endpoint. With `release`, its held deliveries become due, with the attempts that they have left; without
   * it they stay held.
   *
   * @param options.release - Default: false.
   * @throws `SenderError` `not_found`
   */
  enableEndpoint(
    id: string,
    options?: { release?: boolean | undefined },
  ): Promise<Endpoint & { released: number }>;
  /**
   * Disables an endpoint. Its deliveries are held until it is enabled and they are released.
   *
   * @throws `SenderError` `not_found`
   */
  disableEndpoint(id: string): Promise<Endpoint>;
  /**
   * Replaces the secret of an endpoint. The next attempt is signed with the new one.
   *
   * @param options.secret - 16 to 1,024 characters. Default: generated.
   * @throws `SenderError` `not_found`, `invalid_secret`
   */
  rotateSecret(id: string, options?: { secret?: string | undefined }): Promise<{ secret: string }>;
  /**
   * Sends one ping. Its result has no effect on the status of the endpoint. A ping waits up to `attemptTimeoutMs` if too
   * many attempts are in flight. While an endpoint is being pinged, further calls get the result of that ping.
   *
   * @throws `SenderError` `not_found`
   */
  pingEndpoint(id: string): Promise<PingResult>;
  /**
   * Stores an event and a delivery for each endpoint that is subscribed to it. The deliveries of a disabled endpoint are
   * held. When the promise resolves, event and deliveries are as durable as the store.
   *
   * @throws `SenderError` `invalid_event`, `payload_too_large`
   *
   * @example
   * // With an id of your own, publishing is idempotent.
   * const { created } = await sender.publish({
   *   id: 'evt_order_4711',
   *   event: 'credits.low',
   *   account_id: 'acc_1',
   *   data: { balance: 3 },
   * });
   */
  publish(event: PublishInput): Promise<PublishResult>;
  /** Returns a delivery with its event and all its attempts; undefined if there is none with this id. */
  getDelivery(id: string): Promise<DeliveryDetails | undefined>;
  /**
   * Lists deliveries, filtered by endpoint, status, event type or event.
   *
   * @throws `SenderError` `invalid_page`
   */
  listDeliveries(
    options?: ListOptions & {
      endpointId?: string | undefined;
      status?: DeliveryStatus | undefined;
      /** The name of an event type. */
      event?: string | undefined;
      /** The id of an event: lists its deliveries to all endpoints, redeliveries included. */
      eventId?: string | undefined;
    },
  ): Promise<Page<DeliveryRecord>>;
  /**
   * Delivers an event again: creates a delivery of the same event to the same endpoint. It is retried like others, but
   * never disables the endpoint.
   *
   * @throws `SenderError` `not_found` if the delivery or its endpoint no longer exists
   */
  redeliver(deliveryId: string): Promise<DeliveryRecord>;
  /**
   * Starts to deliver, and keeps the process alive until `stop()`. Waits for a `stop()` that is in progress. If it
   * rejects, nothing runs.
   *
   * @throws the error of the transport or the store
   */
  start(): Promise<void>;
  /**
   * Begins no new attempts and waits for those in flight, pings included. Attempts that are still in flight after
   * `drainMs` are aborted: their outcome is unknown, and the endpoint is not blamed.
   *
   * @param options.drainMs - The longest wait, in milliseconds. Default: 20_000.
   */
  stop(options?: { drainMs?: number | undefined }): Promise<void>;
  /**
   * Delivers everything on a virtual clock: advances it from one due time to the next until no delivery waits for an
   * attempt. Does not need `start()`.
   *
   * @throws `TypeError` if the clock has no `advanceTo`
   *
   * @example
   * const sender = createSender({ store: createMemoryStore(), clock: createVirtualClock() });
   */
  runUntilIdle(): Promise<void>;
}
