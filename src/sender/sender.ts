import process from 'node:process';
import { systemClock, type Clock } from './clock.js';
import { cancel, release, schedule } from './delivery/state-machine.js';
import { createDispatcher } from './delivery/dispatcher.js';
import { SenderError } from './errors.js';
import { newId, newSecret } from './ids.js';
import {
  checkAccountId,
  checkEvents,
  checkKeys,
  checkPage,
  checkSecret,
  checkUrlLength,
  quote,
  toRecord,
} from './input.js';
import { checkOptions } from './options.js';
import { internals } from './internals.js';
import { createPings } from './delivery/pings.js';
import { createPublishing, newDelivery } from './publishing.js';
import { createRetention, defaultRetention } from './delivery/retention.js';
import { defaultRetryScheduleSeconds } from './delivery/retry-schedule.js';
import { createSerialExecutor } from './serial-executor.js';
import type { DeliveryRecord, EndpointRecord, Transition } from './records.js';
import type { WaitingRequest } from './stores/store.js';
import { createTime } from './time.js';
import { createHttpTransport } from './transport/http.js';
import type { CreatedEndpoint, Endpoint, EndpointInput, Sender, SenderOptions } from './types.js';
import { createUrlGuard } from './transport/url-guard.js';
import { packageVersion } from './version.js';

const waitingBatch = 500;

function toPublicEndpoint(endpoint: EndpointRecord): Endpoint {
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

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

/** A callback that is told of errors may fail itself, and must not take deliveries with it: the process is warned. */
function guarded(onError: (error: unknown) => unknown): (error: unknown) => void {
  return (error) => {
    Promise.resolve()
      .then(() => onError(error))
      .catch(warn);
  };
}

/**
 * Makes a sender: the whole delivery contract in executable form (contract sections 1, 3 and 4). Delivery is
 * at least once, with a stable event id.
 *
 * @throws `TypeError` for options that cannot work.
 *
 * @example
 * const sender = createSender({ store: createMemoryStore() });
 * await sender.createEndpoint({ url: 'https://example.com/webhooks/hostwares', events: ['*'] });
 * await sender.start();
 * await sender.publish({ event: 'site.deleted', account_id: 'acc_1', data: { site_id: 's', site_name: 'shop' } });
 */
export function createSender(options: SenderOptions): Sender {
  checkOptions(options);
  const { store, clock = systemClock, onEndpointDisabled, onHeldExpiring } = options;
  const { retention, attemptTimeoutMs = 15_000, maxInFlight = 512 } = options;
  const time = createTime(clock);
  // For what expires: a clock that is set forward for a while must not delete anything.
  const cautiousClock: Clock = {
    now: () => time.cautiousNow(),
    setTimeout: (callback, delayMs) => time.setTimeout(callback, delayMs),
  };
  const guard = createUrlGuard(options.allowPrivateNetwork ?? false);
  const transport = options.transport ?? createHttpTransport(guard);
  const onError = guarded(options.onError ?? warn);
  let keepAlive: ReturnType<typeof setInterval> | undefined;
  const dispatcher = createDispatcher({
    store,
    time,
    transport,
    rules: { retryScheduleSeconds: options.retryScheduleSeconds ?? defaultRetryScheduleSeconds },
    attemptTimeoutMs,
    maxInFlight,
    // Half of all places are left to the other accounts.
    maxInFlightPerAccount: options.maxInFlightPerAccount ?? Math.max(1, Math.floor(maxInFlight / 2)),
    maxInFlightPerEndpoint: options.maxInFlightPerEndpoint ?? 8,
    jitterRatio: options.jitterRatio ?? 0,
    random: options.random ?? Math.random,
    userAgent: `Hostwares-Webhooks/${packageVersion}`,
    onEndpointDisabled: (endpoint) => onEndpointDisabled?.(toPublicEndpoint(endpoint)),
    onError,
  });
  const forgetting = createRetention({
    store,
    clock: cautiousClock,
    limits: {
      days: retention?.days ?? defaultRetention.days,
      heldDays: retention?.heldDays ?? defaultRetention.heldDays,
      deliveries: retention?.deliveries ?? defaultRetention.deliveries,
      bytes: retention?.bytes ?? defaultRetention.bytes,
    },
    onHeldExpiring: (endpoint, notice) => onHeldExpiring?.(toPublicEndpoint(endpoint), notice),
    onError,
  });
  const publishing = createPublishing({
    store,
    time,
    onStored: () => {
      dispatcher.wake();
    },
  });
  const ping = createPings(store, time, dispatcher);
  /** Starting and stopping wait for each other. */
  const inOrder = createSerialExecutor();
  let resuming = Promise.resolve();
  let stopping = new AbortController();

  async function start(): Promise<void> {
    await transport.prepare?.();
    await dispatcher.start();
    forgetting.start();
    stopping = new AbortController();
    resuming = publishing.resume(stopping.signal).catch(onError);
    // A process that only sends lives until it is stopped. Virtual time keeps nobody alive.
    if (!clock.advanceTo) keepAlive ??= setInterval(() => undefined, 2 ** 30);
  }

  async function stop(drainMs: number): Promise<void> {
    stopping.abort();
    await Promise.all([dispatcher.stop(drainMs), forgetting.stop(), resuming]);
    clearInterval(keepAlive);
    keepAlive = undefined;
    await transport.close();
  }

  async function found<Value>(value: Promise<Value | undefined>, id: string): Promise<Value> {
    const result = await value;
    if (result !== undefined) return result;
    throw new SenderError('not_found', `There is no ${quote(id)}.`);
  }

  function update(id: string, change: (endpoint: EndpointRecord) => EndpointRecord): Promise<EndpointRecord> {
    return found(store.updateEndpoint(id, change), id);
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
    checkUrlLength(text);
    const url = guard.checkUrl(text);
    checkUrlLength(url.href);
    await guard.resolve(url.hostname).catch((error: unknown) => {
      if (error instanceof SenderError) throw error;
    });
    return url.href;
  }

  /** A call that is repeated under the same id finds the endpoint of the first one, and pings it again. */
  async function createEndpointOnce(
    input: EndpointInput,
    id: string,
    maxOfAccount?: number,
  ): Promise<CreatedEndpoint> {
    checkKeys('createEndpoint', input, ['url', 'events', 'secret', 'accountId']);
    const { url, events, secret, accountId } = input;
    const endpoint: EndpointRecord = {
      id,
      accountId: checkAccountId(accountId),
      events: checkEvents(events),
      secret: secret === undefined ? newSecret() : checkSecret(secret),
      url: await checkUrl(url),
      status: 'enabled',
      disabledReason: null,
      disabledAtMs: null,
      failingSinceMs: null,
      lastError: null,
      disabledNotificationPending: false,
      heldExpiresAtMs: null,
      heldDroppedAtMs: null,
      heldNotificationPending: false,
      createdAtMs: time.now(),
    };
    await transport.prepare?.();
    const existing = await store.getEndpoint(id);
    if (!existing && !(await store.insertEndpoint(endpoint, maxOfAccount))) {
      throw new SenderError(
        'too_many_endpoints',
        `The account has ${maxOfAccount} endpoints, and may not have more. Delete one first.`,
      );
    }
    const saved = existing ?? endpoint;
    const pinged = await ping(saved);
    return {
      ...toPublicEndpoint(saved),
      ...(secret === undefined && { secret: saved.secret }),
      ping: pinged,
    };
  }

  async function redeliverOnce(deliveryId: string, id: string): Promise<DeliveryRecord> {
    const existing = await store.getDelivery(id);
    if (existing) return existing.delivery;
    const { delivery, event } = await found(store.getDelivery(deliveryId), deliveryId);
    const endpoint = await found(store.getEndpoint(delivery.endpointId), delivery.endpointId);
    const nowMs = time.now();
    const redelivery = schedule({ ...newDelivery(event, endpoint.id, 'manual', nowMs), id }, endpoint, nowMs);
    const isKept = await store.insertDelivery({ delivery: redelivery });
    // Forgotten in between.
    await found(Promise.resolve(isKept || undefined), deliveryId);
    dispatcher.wake();
    return redelivery;
  }

  const sender: Sender = {
    createEndpoint: (input) => createEndpointOnce(input, newId('wh')),
    async getEndpoint(id) {
      const endpoint = await store.getEndpoint(id);
      return endpoint && toPublicEndpoint(endpoint);
    },
    async listEndpoints(options = {}) {
      checkKeys('listEndpoints', options, ['accountId', 'cursor', 'limit']);
      const { accountId, ...page } = options;
      const { items, nextCursor } = await store.listEndpoints({ accountId, ...checkPage(page) });
      return { items: items.map(toPublicEndpoint), nextCursor };
    },
    async updateEndpoint(id, input) {
      checkKeys('updateEndpoint', input, ['url', 'events']);
      const { url, events } = input;
      const checked = {
        ...(url !== undefined && { url: await checkUrl(url) }),
        ...(events !== undefined && { events: checkEvents(events) }),
      };
      return toPublicEndpoint(await update(id, (endpoint) => ({ ...endpoint, ...checked })));
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
        disabledNotificationPending: false,
        heldExpiresAtMs: null,
        heldDroppedAtMs: null,
        heldNotificationPending: false,
      }));
      const released = releases
        ? await changeAllWaiting(id, ['held'], (rows) => release(rows, time.now()))
        : 0;
      dispatcher.wake();
      return { ...toPublicEndpoint(endpoint), released };
    },
    async disableEndpoint(id) {
      const disabled = await update(id, (current) =>
        current.status === 'disabled'
          ? current
          : { ...current, status: 'disabled', disabledReason: 'manual', disabledAtMs: time.now() },
      );
      return toPublicEndpoint(disabled);
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
      return publishing.publish(toRecord(input, time.now()));
    },
    getDelivery: (id) => store.getDelivery(id),
    async listDeliveries(options = {}) {
      checkKeys('listDeliveries', options, ['endpointId', 'status', 'event', 'cursor', 'limit']);
      const { endpointId, status, event, ...page } = options;
      return store.listDeliveries({ endpointId, status, eventType: event, ...checkPage(page) });
    },
    redeliver: (deliveryId) => redeliverOnce(deliveryId, newId('dlv')),
    start: () => inOrder(start),
    stop: ({ drainMs = 20_000 } = {}) => inOrder(() => stop(drainMs)),
    async runUntilIdle() {
      if (!clock.advanceTo) {
        throw new TypeError(
          'runUntilIdle needs a virtual clock: createSender({ clock: createVirtualClock() }).',
        );
      }
      for (;;) {
        await dispatcher.runDue();
        const next = await store.nextAlarmMs(time.now());
        if (next === undefined) return;
        clock.advanceTo(next);
      }
    },
  };
  internals.set(sender, { store, clock: cautiousClock, createEndpointOnce, redeliverOnce });
  return sender;
}
