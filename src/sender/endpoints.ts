import { cancel, release } from './delivery/state-machine.js';
import { notFound, SenderError } from './errors.js';
import { newSecret } from './ids.js';
import { checkAccountId, checkEvents, checkKeys, checkPage, checkSecret, checkUrlLength } from './input.js';
import type { EndpointRecord, Transition } from './records.js';
import type { SenderStore, WaitingRequest } from './stores/store.js';
import type { Time } from './time.js';
import type { Transport } from './transport/transport.js';
import type { UrlGuard } from './transport/url-guard.js';
import type { CreatedEndpoint, Endpoint, EndpointInput, PingResult, Sender } from './types.js';

/** Bounds a transaction on the waiting deliveries of an endpoint, so that other work does not wait long for it. */
const waitingBatchSize = 500;

/** The dependencies of {@link createEndpoints}. */
export interface EndpointsOptions {
  readonly store: SenderStore;
  readonly time: Time;
  readonly transport: Transport;
  readonly guard: UrlGuard;
  readonly ping: (endpoint: EndpointRecord) => Promise<PingResult>;
  /** Called when deliveries may have become due. */
  readonly onDue: () => void;
}

/** The calls of a sender about endpoints. */
export interface Endpoints {
  /** Creates an endpoint under a given id and pings it. Called again with the same id, it pings the existing one. */
  readonly create: (input: EndpointInput, id: string, maxOfAccount?: number) => Promise<CreatedEndpoint>;
  readonly get: Sender['getEndpoint'];
  readonly list: Sender['listEndpoints'];
  readonly update: Sender['updateEndpoint'];
  readonly delete: Sender['deleteEndpoint'];
  readonly enable: Sender['enableEndpoint'];
  readonly disable: Sender['disableEndpoint'];
  readonly rotateSecret: Sender['rotateSecret'];
  readonly ping: Sender['pingEndpoint'];
}

/** Leaves out the secret and the sender's own bookkeeping. */
export function toPublicEndpoint(record: EndpointRecord): Endpoint {
  return {
    id: record.id,
    accountId: record.accountId,
    url: record.url,
    events: record.events,
    status: record.status,
    disabledReason: record.disabledReason,
    disabledAtMs: record.disabledAtMs,
    failingSinceMs: record.failingSinceMs,
    lastError: record.lastError,
    createdAtMs: record.createdAtMs,
  };
}

/** The state of an endpoint that was just created or enabled. */
const enabledState = {
  status: 'enabled',
  disabledReason: null,
  disabledAtMs: null,
  failingSinceMs: null,
  disabledNotificationPending: false,
  heldExpiresAtMs: null,
  heldDroppedAtMs: null,
  heldNotificationPending: false,
} as const satisfies Partial<EndpointRecord>;

/** Rejects a URL that is known not to be public. An unresolvable name is accepted: the ping reports it. */
async function checkUrl(guard: UrlGuard, text: string): Promise<string> {
  checkUrlLength(text);
  const url = guard.checkUrl(text);
  // Normalising can lengthen a URL.
  checkUrlLength(url.href);
  await guard.resolve(url.hostname).catch((error: unknown) => {
    if (error instanceof SenderError) throw error;
  });
  return url.href;
}

async function toEndpointRecord(
  { time, guard }: EndpointsOptions,
  input: EndpointInput,
  id: string,
): Promise<EndpointRecord> {
  checkKeys('createEndpoint', input, ['url', 'events', 'secret', 'accountId']);
  const { url, events, secret, accountId } = input;
  return {
    ...enabledState,
    id,
    accountId: checkAccountId(accountId),
    events: checkEvents(events),
    secret: secret === undefined ? newSecret() : checkSecret(secret),
    url: await checkUrl(guard, url),
    lastError: null,
    createdAtMs: time.now(),
  };
}

async function createEndpoint(
  options: EndpointsOptions,
  input: EndpointInput,
  id: string,
  maxOfAccount?: number,
): Promise<CreatedEndpoint> {
  const { store, transport, ping } = options;
  const record = await toEndpointRecord(options, input, id);
  await transport.prepare?.();
  const existing = await store.getEndpoint(id);
  if (!existing && !(await store.insertEndpoint(record, maxOfAccount))) {
    throw new SenderError(
      'too_many_endpoints',
      `The account has ${maxOfAccount} endpoints, which is the maximum. Delete one first.`,
    );
  }
  const saved = existing ?? record;
  const pingResult = await ping(saved);
  return {
    ...toPublicEndpoint(saved),
    ...(input.secret === undefined && { secret: saved.secret }),
    ping: pingResult,
  };
}

/** Applies a change to all waiting deliveries of an endpoint, in small transactions. Returns how many changed. */
async function changeAllWaiting(
  store: SenderStore,
  endpointId: string,
  statuses: WaitingRequest['statuses'],
  change: Transition,
): Promise<number> {
  let total = 0;
  for (;;) {
    const changed = await store.changeWaiting({ endpointId, statuses, limit: waitingBatchSize, change });
    if (changed === 0) return total;
    total += changed;
  }
}

async function updateRecord(
  store: SenderStore,
  id: string,
  change: (endpoint: EndpointRecord) => EndpointRecord,
): Promise<EndpointRecord> {
  const updated = await store.updateEndpoint(id, change);
  if (!updated) throw notFound('endpoint', id);
  return updated;
}

async function enableEndpoint(
  { store, time, onDue }: EndpointsOptions,
  id: string,
  isReleasing: boolean,
): Promise<Endpoint & { released: number }> {
  const endpoint = await updateRecord(store, id, (current) => ({ ...current, ...enabledState }));
  const released = isReleasing
    ? await changeAllWaiting(store, id, ['held'], (rows) => release(rows, time.now()))
    : 0;
  onDue();
  return { ...toPublicEndpoint(endpoint), released };
}

export function createEndpoints(options: EndpointsOptions): Endpoints {
  const { store, time, guard } = options;
  return {
    create: (input, id, maxOfAccount) => createEndpoint(options, input, id, maxOfAccount),
    async get(id) {
      const endpoint = await store.getEndpoint(id);
      return endpoint && toPublicEndpoint(endpoint);
    },
    async list(filter = {}) {
      checkKeys('listEndpoints', filter, ['accountId', 'cursor', 'limit']);
      const { accountId, ...page } = filter;
      const { items, nextCursor } = await store.listEndpoints({ accountId, ...checkPage(page) });
      return { items: items.map(toPublicEndpoint), nextCursor };
    },
    async update(id, input) {
      checkKeys('updateEndpoint', input, ['url', 'events']);
      const { url, events } = input;
      const changes = {
        ...(url !== undefined && { url: await checkUrl(guard, url) }),
        ...(events !== undefined && { events: checkEvents(events) }),
      };
      return toPublicEndpoint(await updateRecord(store, id, (current) => ({ ...current, ...changes })));
    },
    async delete(id) {
      await changeAllWaiting(store, id, ['scheduled', 'held'], cancel);
      if (!(await store.deleteEndpoint(id, cancel))) throw notFound('endpoint', id);
    },
    enable: (id, { release: isReleasing = false } = {}) => enableEndpoint(options, id, isReleasing),
    async disable(id) {
      const disabled = await updateRecord(store, id, (current) =>
        current.status === 'disabled'
          ? current
          : { ...current, status: 'disabled', disabledReason: 'manual', disabledAtMs: time.now() },
      );
      return toPublicEndpoint(disabled);
    },
    async rotateSecret(id, { secret: given } = {}) {
      const secret = given === undefined ? newSecret() : checkSecret(given);
      await updateRecord(store, id, (current) => ({ ...current, secret }));
      return { secret };
    },
    async ping(id) {
      const endpoint = await store.getEndpoint(id);
      if (!endpoint) throw notFound('endpoint', id);
      return options.ping(endpoint);
    },
  };
}
