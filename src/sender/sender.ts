import { apiBackends } from './api-backend.js';
import { createDeliveries, type Deliveries } from './deliveries.js';
import { createDispatcher } from './delivery/dispatcher.js';
import { createPings } from './delivery/pings.js';
import { createRetention } from './delivery/retention.js';
import { createEndpoints, toPublicEndpoint, type Endpoints } from './endpoints.js';
import { toEventRecord } from './event-record.js';
import { newId } from './ids.js';
import { createLifecycle, type Lifecycle } from './lifecycle.js';
import { resolveOptions, type SenderSettings } from './options.js';
import { createPublishing, type Publishing } from './publishing.js';
import { createTime, type Time } from './time.js';
import { createHttpTransport } from './transport/http.js';
import { createUrlGuard } from './transport/url-guard.js';
import type { Sender, SenderOptions } from './types.js';
import { packageVersion } from './version.js';

interface Parts {
  readonly endpoints: Endpoints;
  readonly deliveries: Deliveries;
  readonly publishing: Publishing;
  readonly lifecycle: Lifecycle;
}

/** Wires the parts of a sender. Each owns its state; the dispatcher is woken whenever something became due. */
function createParts(settings: SenderSettings, time: Time): Parts {
  const { store, clock, onError } = settings;
  const guard = createUrlGuard(settings.allowPrivateNetwork);
  const transport = settings.transport ?? createHttpTransport(guard);
  const dispatcher = createDispatcher({
    ...settings,
    time,
    transport,
    rules: { retryScheduleSeconds: settings.retryScheduleSeconds },
    userAgent: `Hostwares-Webhooks/${packageVersion}`,
    onEndpointDisabled: (endpoint) => settings.onEndpointDisabled(toPublicEndpoint(endpoint)),
  });
  const retention = createRetention({
    store,
    clock: { now: () => time.cautiousNow(), setTimeout: (...timer) => time.setTimeout(...timer) },
    limits: settings.retention,
    onHeldExpiring: (endpoint, notice) => settings.onHeldExpiring(toPublicEndpoint(endpoint), notice),
    onError,
  });
  const wake = (): void => {
    dispatcher.wake();
  };
  const ping = createPings(store, time, dispatcher);
  const publishing = createPublishing({ store, time, onStored: wake });
  return {
    endpoints: createEndpoints({ store, time, transport, guard, ping, onDue: wake }),
    deliveries: createDeliveries({ store, time, onDue: wake }),
    publishing,
    lifecycle: createLifecycle({ store, clock, time, transport, dispatcher, retention, publishing, onError }),
  };
}

/**
 * Creates a sender: the delivery contract in executable form (contract sections 1, 3 and 4). Delivery is at least once,
 * with an event id that stays the same in every attempt.
 *
 * Before `start()`, only pings are sent. The sender does not close the store: close it after `stop()`.
 *
 * @throws `TypeError` if an option is missing, unknown or out of range
 *
 * @example
 * const sender = createSender({ store: createMemoryStore() });
 * await sender.createEndpoint({ url: 'https://example.com/webhooks/hostwares', events: ['*'] });
 * await sender.start();
 * await sender.publish({ event: 'site.deleted', account_id: 'acc_1', data: { site_id: 's', site_name: 'shop' } });
 */
export function createSender(options: SenderOptions): Sender {
  const settings = resolveOptions(options);
  const time = createTime(settings.clock);
  const { endpoints, deliveries, publishing, lifecycle } = createParts(settings, time);
  const sender: Sender = {
    createEndpoint: (input) => endpoints.create(input, newId('wh')),
    getEndpoint: endpoints.get,
    listEndpoints: endpoints.list,
    updateEndpoint: endpoints.update,
    deleteEndpoint: endpoints.delete,
    enableEndpoint: endpoints.enable,
    disableEndpoint: endpoints.disable,
    rotateSecret: endpoints.rotateSecret,
    pingEndpoint: endpoints.ping,
    publish: async (input) => publishing.publish(toEventRecord(input, time)),
    getDelivery: deliveries.get,
    listDeliveries: deliveries.list,
    redeliver: (deliveryId) => deliveries.redeliver(deliveryId, newId('dlv')),
    ...lifecycle,
  };
  apiBackends.set(sender, {
    store: settings.store,
    now: () => time.cautiousNow(),
    createEndpoint: endpoints.create,
    redeliver: deliveries.redeliver,
  });
  return sender;
}
