import type { AttemptResult, EndpointRecord } from '../records.js';
import type { Claim, SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';
import type { Transport } from '../transport/transport.js';
import { Alarm } from './alarm.js';
import { Attempts } from './attempts.js';
import { Claims } from './claims.js';
import { DisabledNotifications } from './disabled-notifications.js';
import { InFlight, type InFlightLimits } from './in-flight.js';
import { Leases } from './leases.js';
import { PingSlots } from './ping-slots.js';
import { Poller } from './poller.js';
import { Rebase } from './rebase.js';
import { Settlements } from './settlements.js';
import type { DeliveryRules } from './state-machine.js';
import { Work } from './work.js';

/** The options of {@link createDispatcher}, checked by the caller. */
export interface DispatcherOptions extends InFlightLimits {
  readonly store: SenderStore;
  readonly time: Time;
  readonly transport: Transport;
  readonly rules: DeliveryRules;
  readonly attemptTimeoutMs: number;
  /** The largest fraction of a retry interval, 0 to 1, that is randomly added to it. */
  readonly jitterRatio: number;
  readonly random: () => number;
  readonly userAgent: string;
  /** Called for each endpoint that was disabled by its failures. */
  readonly onEndpointDisabled: (endpoint: EndpointRecord) => unknown;
  /** Called with errors of the store or of a callback. Deliveries continue. */
  readonly onError: (error: unknown) => unknown;
}

/** Claims due deliveries, sends them and settles their attempts by the rules of the state machine. */
export interface Dispatcher {
  /**
   * Runs a ping in a slot of its account. Waits for a free slot for as long as an attempt may take; `run` receives
   * whether one became free.
   */
  ping<Value>(ownerId: string, run: (hasSlot: boolean) => Promise<Value>): Promise<Value>;
  /** Sends and settles an attempt that has begun. If `result` is given, settles it with that and sends nothing. */
  attempt(claim: Claim, result?: AttemptResult): Promise<AttemptResult>;
  /** Polls the store, since something may be due. Does nothing unless started. */
  wake(): void;
  start(): Promise<void>;
  /** Stops claiming. Resolves when all attempts in flight have ended, or after `drainMs`. */
  stop(drainMs: number): Promise<void>;
  /** Sends everything that is due now or becomes due meanwhile. */
  runDue(): Promise<void>;
  /** The duration of an attempt's lease. */
  readonly leaseMs: number;
}

/** Time that a lease allows for the work before and after the request. */
const leaseMarginMs = 15_000;

/** Resolves when the work has ended, or after the time limit. */
async function withLimit(work: Promise<unknown>, limitMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeUp = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work, timeUp]);
  clearTimeout(timer);
}

/** Wires the parts of the dispatcher together. */
function createParts(options: DispatcherOptions, leaseMs: number) {
  const { store, time } = options;
  const inFlight = new InFlight(options);
  const pingSlots = new PingSlots(inFlight, time);
  const rebase = new Rebase(store, time);
  const notifications = new DisabledNotifications(options);
  const requestPoll = (): void => {
    poller.requestPoll();
  };
  const alarm = new Alarm(store, time, requestPoll);
  const work = new Work(requestPoll);
  const attempts = new Attempts({
    ...options,
    settlements: new Settlements(store, time, rebase),
    onScheduled: (dueAtMs) => {
      alarm.ringBy(dueAtMs);
    },
    onDisabled: () => notifications.sendPending(),
  });
  const leases = new Leases({ ...options, attempts, alarm });
  const claims = new Claims({ ...options, leaseMs, inFlight, pingSlots, attempts, alarm, work });
  const poller = new Poller({ ...options, alarm, rebase, leases, claims });
  return { pingSlots, rebase, notifications, work, attempts, leases, claims, poller };
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, time, attemptTimeoutMs } = options;
  const leaseMs = attemptTimeoutMs + leaseMarginMs;
  const parts = createParts(options, leaseMs);
  const { pingSlots, rebase, notifications, work, attempts, leases, claims, poller } = parts;

  async function drain(): Promise<void> {
    await work.drain();
    await Promise.all(notifications.current());
  }

  return {
    leaseMs,
    ping: (ownerId, run) => work.run(() => pingSlots.run(ownerId, attemptTimeoutMs, run)),
    attempt: (claim, result) => attempts.run(claim, result),
    wake() {
      poller.requestPoll();
    },
    async start() {
      if (poller.isRunning) return;
      await rebase.runAtStart();
      if (store.exclusive) await leases.expireAll(time.now());
      await notifications.start();
      poller.start();
    },
    async stop(drainMs) {
      notifications.stop();
      await poller.stop();
      pingSlots.rejectAll();
      await withLimit(drain(), drainMs);
      attempts.abort();
    },
    async runDue() {
      for (;;) {
        if (rebase.isPending()) await rebase.run();
        const nowMs = time.now();
        await leases.expire(nowMs);
        const { processed } = await claims.claimDue(nowMs);
        const current = [...(work.isIdle ? [] : [work.nextEnd()]), ...notifications.current()];
        if (processed === 0 && current.length === 0) return;
        if (current.length > 0) await Promise.race(current);
      }
    },
  };
}
