import { createSender } from '../sender/sender.js';
import type { SenderStore } from '../sender/stores/store.js';
import { createHttpTransport } from '../sender/transport/http.js';
import { createUrlGuard } from '../sender/transport/url-guard.js';
import { Activity } from './activity.js';
import { AdjustableClock } from './clock.js';
import { FaultList } from './faults.js';
import { Listeners } from './listeners.js';
import { EmulatorMailbox } from './mailbox.js';
import { observeStore } from './observed-store.js';
import type { EmulatorSettings } from './options.js';
import { PreviousSecrets } from './previous-secrets.js';
import type { StateFile } from './state-file.js';
import { checkTarget } from './targets.js';
import { createTimeTravel } from './time-travel.js';
import { createEmulatorTransport } from './transport.js';
import { toPublishInput } from './trigger-input.js';
import type { DeliveryChange, Emulator } from './types.js';
import { createWaitForAttempt } from './wait-for-attempt.js';

/** The account that owns everything in the emulator; it is the one of the sample events. */
const accountId = 'acc_19c3';
/** The key of that account. No secret: the server listens on loopback only, and checks who calls. */
const apiKey = 'hostwares_emulator_key';

/** An emulator without its server. */
export interface EmulatorCore extends Omit<Emulator, 'url' | 'stop' | typeof Symbol.asyncDispose> {
  /** Aborted when the emulator stops: calls that wait then reject with its reason, and streams end. */
  readonly stopping: AbortSignal;
}

/** The dependencies of {@link createEmulatorCore}. */
export interface EmulatorDependencies {
  readonly store: SenderStore;
  readonly state: StateFile;
  readonly settings: EmulatorSettings;
  readonly urlOfServer: () => string;
  readonly stopping: AbortSignal;
}

function createClock({ state, settings: { onError } }: EmulatorDependencies): AdjustableClock {
  return new AdjustableClock({
    aheadMs: state.current.aheadMs,
    onMove(aheadMs) {
      try {
        state.update({ aheadMs });
      } catch (error) {
        // The clock moves nevertheless; after a restart it is less far ahead.
        onError(error);
      }
    },
  });
}

/**
 * Wires the parts of an emulator: a sender on an observed store, with a clock that can be moved, a transport that
 * introduces faults, and a mailbox.
 */
export function createEmulatorCore(dependencies: EmulatorDependencies): EmulatorCore {
  const { store, state, settings, urlOfServer, stopping } = dependencies;
  const { allowPrivateNetwork, retryScheduleSeconds, attemptTimeoutMs, onError } = settings;
  const clock = createClock(dependencies);
  const now = (): number => clock.now();
  const activity = new Activity(store, now);
  const changes = new Listeners<DeliveryChange>(onError);
  const previousSecrets = new PreviousSecrets();
  const faults = new FaultList();
  const mailbox = new EmulatorMailbox({ now, platformUrl: urlOfServer, state });
  const observed = observeStore(store, {
    onDelivery(change) {
      activity.update(change);
      changes.emit(change);
    },
    onEndpoint(before, after) {
      previousSecrets.update(before.secret, after.secret);
    },
    checkUrl(url) {
      checkTarget(url, allowPrivateNetwork);
    },
  });
  const inner = createHttpTransport(createUrlGuard(true));
  const sender = createSender({
    store: observed,
    clock,
    transport: createEmulatorTransport({ inner, faults, allowPrivateNetwork, previousSecrets }),
    retryScheduleSeconds,
    attemptTimeoutMs,
    // `checkTarget` restricts the targets.
    allowPrivateNetwork: true,
    onEndpointDisabled(endpoint) {
      mailbox.receiveDisabled(endpoint);
    },
    onHeldExpiring(endpoint, notice) {
      mailbox.receiveHeld(endpoint, notice);
    },
    onError,
  });
  return {
    accountId,
    apiKey,
    sender,
    clock: createTimeTravel(clock, activity, stopping),
    faults,
    mailbox,
    stopping,
    createEndpoint: (input) => sender.createEndpoint({ ...input, accountId }),
    secretOf: async (endpointId) => (await store.getEndpoint(endpointId))?.secret,
    trigger: async (input) => sender.publish(toPublishInput(input, accountId)),
    waitForAttempt: createWaitForAttempt(sender, changes, stopping),
    onDelivery: (listener) => changes.add(listener),
  };
}
