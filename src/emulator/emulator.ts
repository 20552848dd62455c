import { sampleEvent } from '../events/samples.js';
import { isEventType, type WebhookEvent } from '../events/types.js';
import type { AttemptRecord, EndpointRecord } from '../sender/records.js';
import { createSender } from '../sender/sender.js';
import type { SenderStore } from '../sender/stores/store.js';
import { createHttpTransport } from '../sender/transport/http.js';
import { createUrlGuard } from '../sender/transport/url-guard.js';
import type { PublishInput, Sender } from '../sender/types.js';
import { Activity } from './activity.js';
import { AdjustableClock } from './clock.js';
import { FaultList } from './faults.js';
import { Listeners } from './listeners.js';
import { EmulatorMailbox } from './mailbox.js';
import { observeStore } from './observed-store.js';
import type { EmulatorSettings } from './options.js';
import { checkTarget } from './targets.js';
import { createTimeTravel } from './time-travel.js';
import { createEmulatorTransport } from './transport.js';
import type { DeliveryChange, Emulator } from './types.js';

/** The account that owns everything in the emulator; it is the one of the sample events. */
const accountId = 'acc_19c3';
/** The key of that account. No secret: the server listens on loopback only, and checks who calls. */
const apiKey = 'hostwares_emulator_key';

/** An emulator without its server. */
export type EmulatorCore = Omit<Emulator, 'url' | 'stop' | typeof Symbol.asyncDispose>;

/** Turns what a caller triggers into an event of the emulator's account, dated by the machine's clock. */
function toPublishInput(event: string | WebhookEvent | PublishInput): PublishInput {
  if (typeof event !== 'string') return { timestamp: new Date().toISOString(), ...event };
  const overrides = { account_id: accountId };
  return isEventType(event)
    ? sampleEvent(event, overrides)
    : sampleEvent('unknown', { ...overrides, type: event });
}

/** Remembers the secret that each URL had before the present one. */
class PreviousSecrets {
  private readonly byUrl = new Map<string, string>();

  update(before: EndpointRecord, after: EndpointRecord): void {
    if (before.secret !== after.secret) this.byUrl.set(after.url, before.secret);
  }

  get(url: string): string | undefined {
    return this.byUrl.get(url);
  }
}

/** Waits for the end of an attempt. */
function createWaitForAttempt(
  sender: Sender,
  changes: Listeners<DeliveryChange>,
): Emulator['waitForAttempt'] {
  return async (deliveryId, number = 1) => {
    const isWanted = (attempt: AttemptRecord | undefined): attempt is AttemptRecord =>
      attempt?.deliveryId === deliveryId && attempt.number === number && attempt.outcome !== 'pending';
    let stop: () => void = () => undefined;
    const ended = new Promise<AttemptRecord>((resolve) => {
      stop = changes.add(({ attempt }) => {
        if (isWanted(attempt)) resolve(attempt);
      });
    });
    try {
      const details = await sender.getDelivery(deliveryId);
      return details?.attempts.find(isWanted) ?? (await ended);
    } finally {
      stop();
    }
  };
}

/**
 * Wires the parts of an emulator: a sender on an observed store, with a clock that can be moved, a transport that
 * introduces faults, and a mailbox.
 */
export function createEmulatorCore(
  store: SenderStore,
  settings: EmulatorSettings,
  urlOfServer: () => string,
): EmulatorCore {
  const { allowPrivateNetwork, retryScheduleSeconds, attemptTimeoutMs, onError } = settings;
  const clock = new AdjustableClock();
  const activity = new Activity(() => clock.now());
  const changes = new Listeners<DeliveryChange>(onError);
  const previousSecrets = new PreviousSecrets();
  const faults = new FaultList();
  const mailbox = new EmulatorMailbox({
    now: () => clock.now(),
    platformUrl: urlOfServer,
    file: settings.db === undefined ? undefined : `${settings.db}.mails.json`,
  });
  const observed = observeStore(store, {
    onDelivery(change) {
      activity.update(change);
      changes.emit(change);
    },
    onEndpoint(before, after) {
      previousSecrets.update(before, after);
    },
  });
  const sender = createSender({
    store: observed,
    clock,
    transport: createEmulatorTransport({
      inner: createHttpTransport(createUrlGuard(true)),
      faults,
      allowPrivateNetwork,
      previousSecretOf: (url) => previousSecrets.get(url),
    }),
    retryScheduleSeconds,
    attemptTimeoutMs,
    allowPrivateNetwork: true,
    onEndpointDisabled: (endpoint) => {
      mailbox.receiveDisabled(endpoint);
    },
    onHeldExpiring: (endpoint, notice) => {
      mailbox.receiveHeld(endpoint, notice);
    },
    onError,
  });
  return {
    accountId,
    apiKey,
    sender,
    clock: createTimeTravel(clock, observed, activity),
    faults,
    mailbox,
    async createEndpoint(input) {
      checkTarget(input.url, allowPrivateNetwork);
      return sender.createEndpoint({ ...input, accountId });
    },
    secretOf: async (endpointId) => (await store.getEndpoint(endpointId))?.secret,
    trigger: (event) => sender.publish(toPublishInput(event)),
    waitForAttempt: createWaitForAttempt(sender, changes),
    onDelivery: (listener) => changes.add(listener),
  };
}
