import { parseEvent } from '../events/parse.js';
import { eventTypes, isEventType, type EventType, type WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import { systemClock, type Clock } from './clock.js';
import { begin, cancel, release, schedule } from './delivery.js';
import { createDispatcher } from './dispatcher.js';
import { SenderError } from './errors.js';
import { defaultRetryScheduleSeconds } from './schedule.js';
import type {
  AttemptResult,
  DeliveryDetails,
  DeliveryRecord,
  DeliveryStatus,
  EndpointRecord,
  EventRecord,
  Page,
  SenderStore,
  Transition,
  WaitingRequest,
} from './stores/contract.js';
import type { Transport } from './transport-contract.js';
import { createUrlGuard } from './url-guard.js';
import { packageVersion } from './version.js';

/** Our reading (contract section 1): the shortest secret, in characters. */
const minSecretLength = 16;
const maxPayloadBytes = 262_144;
const maxPageSize = 100;
const waitingBatch = 500;

/** Options of {@link createSender}. */
export interface SenderOptions {
  /** Where endpoints, events and deliveries are kept: `createMemoryStore()` and others. */
  store: SenderStore;
  /** How requests get out. */
  transport: Transport;
  /** @default the machine's own */
  clock?: Clock;
  /**
   * Seconds from the end of an attempt to the next (contract section 4).
   * @default [10, 60, 300, 1800, 7200]
   */
  retryScheduleSeconds?: readonly number[];
  /** One attempt in all, in milliseconds. @default 15_000 */
  attemptTimeoutMs?: number;
  /** How many attempts may be under way at once. @default 512 */
  maxInFlight?: number;
  /** And of one endpoint. @default 8 */
  maxInFlightPerEndpoint?: number;
  /** How much of an interval chance may add, 0 to 1. It never shortens one. @default 0 */
  jitterRatio?: number;
  /** For jitter: 0 up to 1. @default Math.random */
  random?: () => number;
  /** Admits `http:` and addresses that are not public, for local work. @default false */
  allowPrivateNetwork?: boolean;
  /** Told once of each endpoint that was disabled for its failures; again if the process ended while it was told. */
  onEndpointDisabled?: (endpoint: Endpoint) => unknown;
  /** Told of what a store or a callback threw. Deliveries go on. */
  onError?: (error: unknown) => unknown;
}

/** An endpoint as it may be shown: without its secret. */
export type Endpoint = Omit<EndpointRecord, 'secret' | 'noticePending'>;

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
  readonly error: string | null;
}

export interface EndpointInput {
  url: string;
  /** Names of event types, or `['*']` for all. */
  events: readonly (EventType | '*')[];
  /** At least 16 characters; left out, one is made. */
  secret?: string;
  /** The account whose events it hears; left out, every account's. */
  accountId?: string;
}

/** A whole event, or the parts of one: id and time are then made. */
export type PublishInput =
  | WebhookEvent
  | {
      readonly id?: string;
      readonly event: string;
      readonly timestamp?: string;
      readonly account_id: string;
      readonly data: object;
    };

export interface Published {
  readonly eventId: string;
  /** False where the id was published before: nothing was added. */
  readonly created: boolean;
  readonly deliveries: readonly DeliveryRecord[];
}

export interface ListOptions {
  cursor?: string;
  /** 1 to 100. @default 20 */
  limit?: number;
}

/** Made by {@link createSender}. */
export interface Sender {
  /** Saves an endpoint and pings it. @throws {@link SenderError} `invalid_url`, `invalid_events`, `invalid_secret` */
  createEndpoint(input: EndpointInput): Promise<CreatedEndpoint>;
  getEndpoint(id: string): Promise<Endpoint | undefined>;
  listEndpoints(options?: ListOptions & { accountId?: string }): Promise<Page<Endpoint>>;
  /** @throws {@link SenderError} `not_found`, and as for `createEndpoint` */
  updateEndpoint(id: string, input: { url?: string; events?: EndpointInput['events'] }): Promise<Endpoint>;
  /** Its waiting deliveries are cancelled. @throws {@link SenderError} `not_found` */
  deleteEndpoint(id: string): Promise<void>;
  /** With `release`, what was held meanwhile is due now. @throws {@link SenderError} `not_found` */
  enableEndpoint(id: string, options?: { release?: boolean }): Promise<Endpoint & { released: number }>;
  /** Deliveries are held until it is enabled and they are released. @throws {@link SenderError} `not_found` */
  disableEndpoint(id: string): Promise<Endpoint>;
  /** From the next attempt on, the new secret signs. @throws {@link SenderError} `not_found`, `invalid_secret` */
  rotateSecret(id: string, options?: { secret?: string }): Promise<{ secret: string }>;
  /** One attempt, now, that counts for nothing. @throws {@link SenderError} `not_found` */
  pingEndpoint(id: string): Promise<PingResult>;
  /**
   * Keeps an event and a delivery for each endpoint that hears it; for a disabled one it is held. What it
   * resolves to is as durable as the store.
   *
   * @throws {@link SenderError} `invalid_event`, `payload_too_large`
   */
  publish(event: PublishInput): Promise<Published>;
  getDelivery(id: string): Promise<DeliveryDetails | undefined>;
  listDeliveries(
    options?: ListOptions & {
      endpointId?: string;
      status?: DeliveryStatus;
      event?: string;
    },
  ): Promise<Page<DeliveryRecord>>;
  /**
   * The same event once more, as a new delivery that never disables its endpoint.
   * @throws {@link SenderError} `not_found` where the delivery or its endpoint is gone
   */
  redeliver(deliveryId: string): Promise<DeliveryRecord>;
  /** Delivers from now on. */
  start(): Promise<void>;
  /** No new attempts; waits for those under way. @param options.drainMs - At most so long. Default 20_000. */
  stop(options?: { drainMs?: number }): Promise<void>;
  /**
   * On a virtual clock: delivers all there is, going on from each due time to the next, until nothing is left
   * to do.
   * @throws `TypeError` on a clock that cannot be advanced
   */
  runUntilIdle(): Promise<void>;
}

const newId = (prefix: 'evt' | 'wh' | 'dlv'): string =>
  `${prefix}_${crypto.randomUUID().replaceAll('-', '')}`;

/** `whsec_` and 32 random bytes in base64url (contract section 1). */
function newSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')}`;
}

function shown(endpoint: EndpointRecord): Endpoint {
  const {
    id,
    accountId,
    url,
    events,
    status,
    disabledReason,
    disabledAtMs,
    failingSinceMs,
    lastError,
    createdAtMs,
  } = endpoint;
  return {
    id,
    accountId,
    url,
    events,
    status,
    disabledReason,
    disabledAtMs,
    failingSinceMs,
    lastError,
    createdAtMs,
  };
}

function checkSecret(secret: string): string {
  if (secret.trim().length >= minSecretLength) return secret;
  throw new SenderError('invalid_secret', `The secret must have at least ${minSecretLength} characters.`);
}

function checkEvents(events: readonly string[]): readonly string[] {
  const wrong = events.find((name) => name !== '*' && !isEventType(name));
  if (wrong !== undefined) {
    throw new SenderError(
      'invalid_events',
      `${JSON.stringify(wrong)} is not an event type. Known: ${eventTypes.join(', ')}, or * for all.`,
    );
  }
  if (events.length === 0) throw new SenderError('invalid_events', 'The list of events is empty.');
  return [...new Set(events)];
}

function checkLimit(limit = 20): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxPageSize) return limit;
  throw new TypeError(`limit must be a whole number from 1 to ${maxPageSize}.`);
}

function checkOptions(options: SenderOptions): void {
  const wrong = (name: string, expected: string): TypeError => new TypeError(`${name} must be ${expected}.`);
  const { attemptTimeoutMs = 1, maxInFlight = 1, maxInFlightPerEndpoint = 1, jitterRatio = 0 } = options;
  if (!(attemptTimeoutMs > 0 && attemptTimeoutMs < 2 ** 30))
    throw wrong('attemptTimeoutMs', 'milliseconds above 0');
  if (!(Number.isInteger(maxInFlight) && maxInFlight > 0))
    throw wrong('maxInFlight', 'a whole number above 0');
  if (!(Number.isInteger(maxInFlightPerEndpoint) && maxInFlightPerEndpoint > 0))
    throw wrong('maxInFlightPerEndpoint', 'a whole number above 0');
  if (!(jitterRatio >= 0 && jitterRatio <= 1)) throw wrong('jitterRatio', 'from 0 to 1');
  if (options.retryScheduleSeconds?.some((seconds) => !(seconds >= 0 && Number.isFinite(seconds))))
    throw wrong('retryScheduleSeconds', 'a list of seconds, 0 or more each');
}

/** The event as it is kept: the body is made once, here, and is the same for every attempt. */
function toRecord(input: PublishInput, nowMs: number): EventRecord {
  const whole = { id: newId('evt'), timestamp: new Date(nowMs).toISOString(), ...input };
  const text = JSON.stringify(toWire(whole as WebhookEvent));
  try {
    // The receiver's own parser: what is sent is what a receiver takes.
    parseEvent(text);
  } catch (error) {
    throw new SenderError('invalid_event', error instanceof Error ? error.message : String(error));
  }
  const { id, event, account_id } = JSON.parse(text) as { id: string; event: string; account_id: string };
  if (event === 'ping') {
    throw new SenderError('invalid_event', 'A ping is sent with pingEndpoint, to one endpoint.');
  }
  const body = new TextEncoder().encode(text);
  if (body.length > maxPayloadBytes) {
    throw new SenderError(
      'payload_too_large',
      `The event has ${body.length} bytes as JSON, more than the ${maxPayloadBytes} that can be sent.`,
    );
  }
  return { id, type: event, accountId: account_id, body, createdAtMs: nowMs };
}

/**
 * Makes a sender: the whole delivery contract in executable form (contract sections 1, 3 and 4). Delivery is
 * at least once, with a stable event id.
 *
 * @throws `TypeError` for options that cannot work.
 *
 * @example
 * const sender = createSender({ store: createMemoryStore(), transport });
 * await sender.createEndpoint({ url: 'https://example.com/webhooks/hostwares', events: ['*'] });
 * await sender.start();
 * await sender.publish({ event: 'site.deleted', account_id: 'acc_1', data: { site_id: 's', site_name: 'shop' } });
 */
export function createSender(options: SenderOptions): Sender {
  checkOptions(options);
  const { store, transport, clock = systemClock, onEndpointDisabled, onError } = options;
  const guard = createUrlGuard(options.allowPrivateNetwork ?? false);
  const dispatcher = createDispatcher({
    store,
    clock,
    transport,
    rules: { retryScheduleSeconds: options.retryScheduleSeconds ?? defaultRetryScheduleSeconds },
    attemptTimeoutMs: options.attemptTimeoutMs ?? 15_000,
    maxInFlight: options.maxInFlight ?? 512,
    maxInFlightPerEndpoint: options.maxInFlightPerEndpoint ?? 8,
    jitterRatio: options.jitterRatio ?? 0,
    random: options.random ?? Math.random,
    userAgent: `Hostwares-Webhooks/${packageVersion}`,
    onEndpointDisabled: (endpoint) => onEndpointDisabled?.(shown(endpoint)),
    onError: (error) => onError?.(error),
  });

  async function found<Value>(value: Promise<Value | undefined>, id: string): Promise<Value> {
    const result = await value;
    if (result !== undefined) return result;
    throw new SenderError('not_found', `There is no ${JSON.stringify(id)}.`);
  }

  function update(id: string, change: (endpoint: EndpointRecord) => EndpointRecord): Promise<EndpointRecord> {
    return found(store.updateEndpoint(id, change), id);
  }

  function newDelivery(event: EventRecord, endpointId: string, kind: DeliveryRecord['kind']): DeliveryRecord {
    return {
      id: newId('dlv'),
      eventId: event.id,
      eventType: event.type,
      accountId: event.accountId,
      endpointId,
      kind,
      status: 'scheduled',
      attempts: 0,
      dueAtMs: clock.now(),
      token: null,
      leaseUntilMs: null,
      createdAtMs: clock.now(),
    };
  }

  async function ping(endpoint: EndpointRecord): Promise<PingResult> {
    const nowMs = clock.now();
    const body = {
      id: newId('evt'),
      event: 'ping',
      timestamp: new Date(nowMs).toISOString(),
      account_id: endpoint.accountId ?? '*',
      data: { webhook_id: endpoint.id, events: endpoint.events },
    };
    const event: EventRecord = {
      id: body.id,
      type: 'ping',
      accountId: body.account_id,
      body: new TextEncoder().encode(JSON.stringify(body)),
      createdAtMs: nowMs,
    };
    // Begun as it is written down, so that nobody else claims it.
    const rows = { delivery: newDelivery(event, endpoint.id, 'ping'), endpoint, attempt: undefined };
    const begun = begin(rows, { nowMs, token: crypto.randomUUID(), leaseMs: dispatcher.leaseMs });
    const delivery = begun?.delivery ?? rows.delivery;
    await store.insertDelivery({ delivery, event, attempt: begun?.attempt });
    const result: AttemptResult = await dispatcher.attempt({ delivery, endpoint, event });
    const ok = result.error === undefined && (result.status ?? 0) >= 200 && (result.status ?? 0) < 300;
    return { ok, deliveryId: delivery.id, status: result.status ?? null, error: result.error ?? null };
  }

  /** In many small transactions: nothing else waits long for them, however many there are. */
  async function changeAllWaiting(
    endpointId: string,
    statuses: WaitingRequest['statuses'],
    change: Transition,
  ): Promise<number> {
    let changed = 0;
    for (let last = -1; last !== 0; changed += last) {
      last = await store.changeWaiting({ endpointId, statuses, limit: waitingBatch, change });
    }
    return changed;
  }

  /** Refuses what is known to lead inward. A name that does not resolve is saved; its ping tells. */
  async function checkUrl(text: string): Promise<string> {
    const url = guard.checkUrl(text);
    await guard.resolve(url.hostname).catch((error: unknown) => {
      if (error instanceof SenderError) throw error;
    });
    return url.href;
  }

  return {
    async createEndpoint({ url, events, secret, accountId }) {
      const endpoint: EndpointRecord = {
        id: newId('wh'),
        accountId: accountId ?? null,
        events: checkEvents(events),
        secret: secret === undefined ? newSecret() : checkSecret(secret),
        url: await checkUrl(url),
        status: 'enabled',
        disabledReason: null,
        disabledAtMs: null,
        failingSinceMs: null,
        lastError: null,
        noticePending: false,
        createdAtMs: clock.now(),
      };
      await store.insertEndpoint(endpoint);
      const pinged = await ping(endpoint);
      return { ...shown(endpoint), ...(secret === undefined && { secret: endpoint.secret }), ping: pinged };
    },
    async getEndpoint(id) {
      const endpoint = await store.getEndpoint(id);
      return endpoint && shown(endpoint);
    },
    async listEndpoints({ limit, ...filter } = {}) {
      const { items, nextCursor } = await store.listEndpoints({ ...filter, limit: checkLimit(limit) });
      return { items: items.map(shown), nextCursor };
    },
    async updateEndpoint(id, { url, events }) {
      const checked = {
        ...(url !== undefined && { url: await checkUrl(url) }),
        ...(events !== undefined && { events: checkEvents(events) }),
      };
      return shown(await update(id, (endpoint) => ({ ...endpoint, ...checked })));
    },
    async deleteEndpoint(id) {
      await changeAllWaiting(id, ['scheduled', 'held'], cancel);
      const gone = await store.deleteEndpoint(id, cancel);
      await found(Promise.resolve(gone || undefined), id);
    },
    async enableEndpoint(id, { release: releases = false } = {}) {
      const endpoint = await update(id, (current) => ({
        ...current,
        status: 'enabled',
        disabledReason: null,
        disabledAtMs: null,
        failingSinceMs: null,
      }));
      const nowMs = clock.now();
      const released = releases ? await changeAllWaiting(id, ['held'], (rows) => release(rows, nowMs)) : 0;
      dispatcher.wake();
      return { ...shown(endpoint), released };
    },
    async disableEndpoint(id) {
      const disabled = await update(id, (current) =>
        current.status === 'disabled'
          ? current
          : { ...current, status: 'disabled', disabledReason: 'manual', disabledAtMs: clock.now() },
      );
      return shown(disabled);
    },
    async rotateSecret(id, { secret } = {}) {
      const next = secret === undefined ? newSecret() : checkSecret(secret);
      await update(id, (endpoint) => ({ ...endpoint, secret: next }));
      return { secret: next };
    },
    async pingEndpoint(id) {
      return ping(await found(store.getEndpoint(id), id));
    },
    async publish(input) {
      const event = toRecord(input, clock.now());
      const { created, deliveries } = await store.publish(event, (endpoint) =>
        schedule(newDelivery(event, endpoint.id, 'automatic'), endpoint, clock.now()),
      );
      if (created) dispatcher.wake();
      return { eventId: event.id, created, deliveries };
    },
    getDelivery: (id) => store.getDelivery(id),
    listDeliveries({ limit, event, ...filter } = {}) {
      return store.listDeliveries({ ...filter, eventType: event, limit: checkLimit(limit) });
    },
    async redeliver(deliveryId) {
      const { delivery, event } = await found(store.getDelivery(deliveryId), deliveryId);
      const endpoint = await found(store.getEndpoint(delivery.endpointId), delivery.endpointId);
      const again = schedule(newDelivery(event, endpoint.id, 'manual'), endpoint, clock.now());
      await store.insertDelivery({ delivery: again });
      dispatcher.wake();
      return again;
    },
    start: () => dispatcher.start(),
    async stop({ drainMs = 20_000 } = {}) {
      await dispatcher.stop(drainMs);
      await transport.close();
    },
    async runUntilIdle() {
      if (!clock.advanceTo) {
        throw new TypeError(
          'runUntilIdle needs a virtual clock: createSender({ clock: createVirtualClock() }).',
        );
      }
      for (;;) {
        await dispatcher.runDue();
        const next = await store.nextAlarmMs();
        if (next === undefined) return;
        clock.advanceTo(next);
      }
    },
  };
}
