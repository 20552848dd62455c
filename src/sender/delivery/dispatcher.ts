import { begin, giveUp, type DeliveryRules } from './state-machine.js';
import { createAttempts } from './attempts.js';
import { createDisabledNotices } from './disabled-notices.js';
import { createInFlight, type InFlightLimits } from './in-flight.js';
import { createRebase } from './rebase.js';
import { createSettlements } from './settlements.js';
import { ownerOf, type AttemptResult, type EndpointRecord, type Lane } from '../records.js';
import { type Claim, type SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';
import type { Transport } from '../transport/transport.js';

/** What the dispatcher works with, all of it checked. */
export interface DispatcherOptions extends InFlightLimits {
  readonly store: SenderStore;
  readonly time: Time;
  readonly transport: Transport;
  readonly rules: DeliveryRules;
  readonly attemptTimeoutMs: number;
  /** 0 to 1: how much of an interval chance may add. */
  readonly jitterRatio: number;
  readonly random: () => number;
  readonly userAgent: string;
  /** Notified of each endpoint that was disabled by its failures, once. */
  readonly onEndpointDisabled: (endpoint: EndpointRecord) => unknown;
  /** Notified of what the store or a callback threw; deliveries go on. */
  readonly onError: (error: unknown) => unknown;
}

/** Carries out what the state machine decides: claims what is due, sends it, writes down what came of it. */
export interface Dispatcher {
  /**
   * Runs a ping in a place of its account. It waits for one as long as an attempt may take; `run` is told whether
   * there was one.
   */
  ping<Value>(ownerId: string, run: (hasPlace: boolean) => Promise<Value>): Promise<Value>;
  /** Sends one attempt that has begun, and ends it. With `result`, that is its end and nothing is sent. */
  attempt(claim: Claim, result?: AttemptResult): Promise<AttemptResult>;
  /** Something may be due: polls the store. Does nothing unless started. */
  wake(): void;
  start(): Promise<void>;
  /** No more claims; resolves when all attempts under way have ended, or when the time is up. */
  stop(drainMs: number): Promise<void>;
  /** Sends all that is due now, and what becomes due through it. */
  runDue(): Promise<void>;
  /** How long an attempt is leased. */
  readonly leaseMs: number;
}

// Beyond the attempt's own deadline, for what comes before and after it.
const leaseMarginMs = 15_000;
// A store that fails is asked again after this.
const errorPauseMs = 1_000;
// The store is polled at least this often, whatever the timers say. Checked every five seconds.
const maxPollPauseMs = 25_000;

// Retries come first, and have half of all places at most: so neither lane starves.
const lanes: readonly Lane[] = ['retry', 'first'];

/** What was claimed in one pass over both lanes. */
interface Progress {
  readonly claimed: number;
  readonly processed: number;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, time, rules, onError } = options;
  const leaseMs = options.attemptTimeoutMs + leaseMarginMs;
  const underWay = new Set<Promise<unknown>>();
  const inFlight = createInFlight(options, time);
  const rebase = createRebase(store, time);
  const notices = createDisabledNotices({ ...options, isRunning: () => isStarting || isRunning });
  const attempts = createAttempts({
    ...options,
    write: createSettlements(store, time, () => rebase.run()),
    onScheduled: alarmBy,
    onDisabled: () => notices.notify(),
  });
  let isRunning = false;
  let isStarting = false;
  let polling: Promise<void> | undefined;
  // Set by whoever wants another poll while one is under way.
  let isPollRequested = false;
  let alarmAtMs: number | undefined;
  /** Whether the alarm is the first of all: from when the store was asked for it until it is past. */
  let isAlarmFirst = false;
  /** By the monotonic clock. */
  let polledAtMs = 0;
  let cancelAlarm: () => void = () => undefined;
  let stopWatching: () => void = () => undefined;

  /** Counts work as under way until it has ended. */
  function track<Value>(work: Promise<Value>): Promise<Value> {
    const end = (): void => {
      underWay.delete(work);
      wake();
    };
    underWay.add(work);
    work.then(end, end);
    return work;
  }

  /** Carries out what was claimed, in a place that is taken already. */
  async function carryOut(claim: Claim, giveBack: () => void): Promise<void> {
    try {
      await attempts.run(claim);
    } catch (error) {
      // What could not be written down is found by its lease.
      onError(error);
    } finally {
      giveBack();
    }
  }

  function launch(claim: Claim, lane: Lane): void {
    const { endpoint } = claim;
    const giveBack = inFlight.take({ ownerId: ownerOf(endpoint), endpointId: endpoint.id, lane });
    void track(carryOut(claim, giveBack));
  }

  async function ping<Value>(ownerId: string, run: (hasPlace: boolean) => Promise<Value>): Promise<Value> {
    const giveBack = await inFlight.takeForPing(ownerId, options.attemptTimeoutMs);
    return run(giveBack !== undefined).finally(giveBack);
  }

  async function claim(lane: Lane, nowMs: number, limit: number): Promise<Progress> {
    const { claims, processed } = await store.claim({
      lane,
      nowMs,
      limit,
      accountCapacityOf: (ownerId) => inFlight.accountRoom(lane, ownerId),
      capacityOf: (endpointId) => inFlight.endpointRoom(lane, endpointId),
      begin: (rows) => begin(rows, { nowMs, token: crypto.randomUUID(), leaseMs }),
    });
    for (const each of claims) launch(each, lane);
    if (claims.length > 0) alarmBy(nowMs + leaseMs);
    return { claimed: claims.length, processed };
  }

  /** Claims what there is room for. Meanwhile no ping takes a place that is being filled. */
  async function claimAll(nowMs: number): Promise<Progress> {
    const sum = { claimed: 0, processed: 0 };
    inFlight.holdPings();
    try {
      for (const lane of lanes) {
        const limit = inFlight.room(lane);
        if (limit <= 0) continue;
        const { claimed, processed } = await claim(lane, nowMs, limit);
        sum.claimed += claimed;
        sum.processed += processed;
      }
    } finally {
      inFlight.releasePings();
    }
    return sum;
  }

  /** Gives up attempts whose lease has passed by then, but for those that are carried out here. */
  async function expire(nowMs: number, untilMs = nowMs): Promise<void> {
    await store.expire(untilMs, (rows) => {
      // Their deadline is a timer. A clock that was set forward does not end them.
      if (attempts.isActive(rows.delivery.token ?? '')) return undefined;
      const change = giveUp(rows, nowMs, rules);
      if (change?.delivery.dueAtMs != null) alarmBy(change.delivery.dueAtMs);
      return change;
    });
  }

  async function poll(): Promise<void> {
    try {
      isPollRequested = false;
      polledAtMs = time.monotonic();
      // Reading the clock notices that it was set back.
      time.now();
      if (time.setBackMs > 0) {
        forgetAlarm();
        await rebase.run();
      }
      // One time for all: a delivery that becomes due while its lane is claimed must be found by the next alarm.
      const nowMs = time.now();
      await expire(nowMs);
      const { claimed, processed } = await claimAll(nowMs);
      // What was held or cancelled took part of a claim that others are waiting for.
      if (processed > claimed) isPollRequested = true;
      // What is due and was not claimed waits for room, and whatever makes room polls again.
      if (alarmAtMs !== undefined && alarmAtMs <= nowMs) forgetAlarm();
      if (alarmAtMs === undefined || !isAlarmFirst) await findAlarm(nowMs);
    } catch (error) {
      onError(error);
      isAlarmFirst = false;
      alarmBy(time.now() + errorPauseMs);
    }
  }

  async function findAlarm(afterMs: number): Promise<void> {
    const next = await store.nextAlarmMs(afterMs);
    isAlarmFirst = true;
    if (next !== undefined) alarmBy(next);
  }

  /** Polls by then. Whatever will be due is known here when it is written, so the store is not asked each time. */
  function alarmBy(atMs: number): void {
    if (!isRunning || (alarmAtMs !== undefined && alarmAtMs <= atMs)) return;
    cancelAlarm();
    alarmAtMs = atMs;
    cancelAlarm = time.setTimeout(
      () => {
        forgetAlarm();
        wake();
      },
      Math.max(0, atMs - time.now()),
    );
  }

  function forgetAlarm(): void {
    cancelAlarm();
    alarmAtMs = undefined;
    isAlarmFirst = false;
  }

  /** Timers do not follow the wall clock: after it was set, something may be due that no timer knows of. */
  function checkClock(): void {
    const nowMs = time.now();
    const isAlarmPast = alarmAtMs !== undefined && alarmAtMs <= nowMs;
    if (time.setBackMs > 0 || isAlarmPast || time.monotonic() - polledAtMs >= maxPollPauseMs) wake();
  }

  function wake(): void {
    if (!isRunning) return;
    isPollRequested = true;
    polling ??= poll().finally(() => {
      polling = undefined;
      // Something came in meanwhile.
      if (isPollRequested) wake();
    });
  }

  async function drain(): Promise<void> {
    while (underWay.size > 0) await Promise.allSettled(underWay);
    await Promise.all(notices.underWay());
  }

  return {
    leaseMs,
    ping: (ownerId, run) => track(ping(ownerId, run)),
    attempt: (claim, result) => attempts.run(claim, result),
    wake,
    async start() {
      if (isRunning) return;
      isStarting = true;
      try {
        await rebase.runAtStart();
        // A store of our own: whoever held those leases is dead, but for what goes on here.
        if (store.exclusive) await expire(time.now(), Number.POSITIVE_INFINITY);
        await notices.notify();
        isRunning = true;
      } finally {
        isStarting = false;
      }
      stopWatching = time.watch(checkClock);
      wake();
    },
    async stop(drainMs) {
      isRunning = false;
      stopWatching();
      forgetAlarm();
      await polling;
      inFlight.refusePings();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const timeUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, drainMs);
      });
      await Promise.race([drain(), timeUp]);
      clearTimeout(timer);
      attempts.abort();
    },
    async runDue() {
      for (;;) {
        if (time.setBackMs > 0) await rebase.run();
        const nowMs = time.now();
        await expire(nowMs);
        const { processed } = await claimAll(nowMs);
        const current = [...underWay, ...notices.underWay()];
        if (processed === 0 && current.length === 0) return;
        if (current.length > 0) await Promise.race(current.map((work) => work.catch(() => undefined)));
      }
    },
  };
}
