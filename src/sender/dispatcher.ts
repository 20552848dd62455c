import { signPayload } from '../signature.js';
import type { Clock } from './clock.js';
import { begin, giveUp, settle, type DeliveryRules } from './delivery.js';
import type {
  AttemptResult,
  Claim,
  EndpointRecord,
  EventRecord,
  Lane,
  SenderStore,
  Transition,
} from './stores/contract.js';
import type { Transport } from './transport-contract.js';

/** What the dispatcher works with, all of it checked. */
export interface DispatcherOptions {
  readonly store: SenderStore;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly rules: DeliveryRules;
  readonly attemptTimeoutMs: number;
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  /** 0 to 1: how much of an interval chance may add. */
  readonly jitterRatio: number;
  readonly random: () => number;
  readonly userAgent: string;
  /** Told of each endpoint that was disabled by its failures, once. */
  readonly onEndpointDisabled: (endpoint: EndpointRecord) => unknown;
  /** Told of what the store or a callback threw; deliveries go on. */
  readonly onError: (error: unknown) => unknown;
}

/** Carries out what the state machine decides: claims what is due, sends it, writes down what came of it. */
export interface Dispatcher {
  /** Sends one attempt that has begun already, and ends it. */
  attempt(claim: Claim): Promise<AttemptResult>;
  /** Something may be due: a look at the store. Does nothing unless started. */
  wake(): void;
  start(): Promise<void>;
  /** No more claims; resolves when what is in flight has ended, or when the time is up. */
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

const lanes: readonly Lane[] = ['first', 'retry'];

interface Settlement {
  readonly deliveryId: string;
  readonly change: Transition;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { store, clock, transport, rules, maxInFlight, maxInFlightPerEndpoint } = options;
  const leaseMs = options.attemptTimeoutMs + leaseMarginMs;
  const inFlight = new Set<Promise<void>>();
  const inFlightOf = new Map<string, number>();
  const inLane: Record<Lane, number> = { first: 0, retry: 0 };
  const telling = new Set<string>();
  let settlements: Settlement[] = [];
  let running = false;
  let looking: Promise<void> | undefined;
  // Set by whoever wants another look while one is under way.
  const wanted = { again: false };
  let cancelAlarm: () => void = () => undefined;

  async function flush(): Promise<void> {
    const batch = settlements;
    settlements = [];
    try {
      await store.settle(batch);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** Writes an end down, together with those that come in the same turn. */
  function end(deliveryId: string, change: Transition): Promise<void> {
    return new Promise((resolve, reject) => {
      if (settlements.length === 0) setImmediate(() => void flush());
      settlements.push({ deliveryId, change, resolve, reject });
    });
  }

  async function headersFor(event: EventRecord, endpoint: EndpointRecord): Promise<Record<string, string>> {
    return {
      'content-type': 'application/json',
      'user-agent': options.userAgent,
      'x-hostwares-signature': await signPayload(event.body, endpoint.secret),
      // Stamped anew for each attempt (contract section 3); the body is not.
      'x-hostwares-timestamp': String(Math.floor(clock.now() / 1000)),
    };
  }

  async function attempt({ delivery, endpoint, event }: Claim): Promise<AttemptResult> {
    const requestHeaders = await headersFor(event, endpoint);
    const result = await transport.send({
      url: endpoint.url,
      headers: requestHeaders,
      body: event.body,
      timeoutMs: options.attemptTimeoutMs,
    });
    const ending = {
      nowMs: clock.now(),
      token: delivery.token ?? '',
      result,
      requestHeaders,
      jitter: options.jitterRatio === 0 ? 0 : options.random() * options.jitterRatio,
    };
    const seen = { disabled: false };
    await end(delivery.id, (rows) => {
      const change = settle(rows, ending, rules);
      seen.disabled = change?.endpoint?.noticePending === true && rows.endpoint?.noticePending === false;
      return change;
    });
    if (seen.disabled) await notify();
    return result;
  }

  /**
   * Tells the owners of endpoints that were disabled. It is written down once they are told: a crash in
   * between tells them again rather than never.
   */
  async function notify(): Promise<void> {
    for (const endpoint of await store.pendingNotices()) {
      if (telling.has(endpoint.id)) continue;
      telling.add(endpoint.id);
      try {
        await options.onEndpointDisabled(endpoint);
        await store.updateEndpoint(endpoint.id, (current) => ({ ...current, noticePending: false }));
      } catch (error) {
        // Told at the next occasion, or at the next start.
        options.onError(error);
      } finally {
        telling.delete(endpoint.id);
      }
    }
  }

  function launch(claim: Claim, lane: Lane): void {
    const { id } = claim.endpoint;
    inLane[lane] += 1;
    inFlightOf.set(id, (inFlightOf.get(id) ?? 0) + 1);
    const run = attempt(claim)
      // What could not be written down is found by its lease.
      .catch(options.onError)
      .then(() => {
        inLane[lane] -= 1;
        const rest = (inFlightOf.get(id) ?? 1) - 1;
        if (rest === 0) inFlightOf.delete(id);
        else inFlightOf.set(id, rest);
        inFlight.delete(run);
        wake();
      });
    inFlight.add(run);
  }

  const capacityOf = (endpointId: string): number =>
    maxInFlightPerEndpoint - (inFlightOf.get(endpointId) ?? 0);

  /** Claims what there is room for; how many deliveries it moved on. Retries get half of it at most, so that first attempts never wait for them. */
  async function claimAll(): Promise<{ readonly claimed: number; readonly moved: number }> {
    let claimed = 0;
    let moved = 0;
    for (const lane of lanes) {
      const free = maxInFlight - inLane.first - inLane.retry;
      const limit = lane === 'retry' ? Math.min(free, Math.ceil(maxInFlight / 2) - inLane.retry) : free;
      if (limit <= 0) continue;
      const nowMs = clock.now();
      const found = await store.claim({
        lane,
        nowMs,
        limit,
        capacityOf,
        begin: (rows) => begin(rows, { nowMs, token: crypto.randomUUID(), leaseMs }),
      });
      for (const claim of found.claims) launch(claim, lane);
      claimed += found.claims.length;
      moved += found.moved;
    }
    return { claimed, moved };
  }

  function expire(untilMs: number): Promise<number> {
    const nowMs = clock.now();
    return store.expire(untilMs, (rows) => giveUp(rows, nowMs, rules));
  }

  async function look(): Promise<void> {
    try {
      wanted.again = false;
      await expire(clock.now());
      const { claimed, moved } = await claimAll();
      // What was held or cancelled took part of a claim that others are waiting for.
      if (moved > claimed) wanted.again = true;
      const next = await store.nextAlarmMs();
      cancelAlarm();
      // What is due and was not claimed waits for room, and whatever makes room looks again.
      if (running && next !== undefined && next > clock.now()) setAlarm(next - clock.now());
    } catch (error) {
      options.onError(error);
      if (running) setAlarm(errorPauseMs);
    }
  }

  function setAlarm(delayMs: number): void {
    cancelAlarm();
    cancelAlarm = clock.setTimeout(wake, delayMs);
  }

  function wake(): void {
    if (!running) return;
    wanted.again = true;
    looking ??= look().finally(() => {
      looking = undefined;
      // Something came in meanwhile.
      if (wanted.again) wake();
    });
  }

  return {
    leaseMs,
    attempt,
    wake,
    async start() {
      if (running) return;
      running = true;
      // A store of our own: whoever held those leases is dead.
      if (store.exclusive) await expire(Number.POSITIVE_INFINITY);
      await notify();
      wake();
    },
    async stop(drainMs) {
      running = false;
      cancelAlarm();
      await looking;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const timeUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, drainMs);
      });
      await Promise.race([Promise.all(inFlight), timeUp]);
      clearTimeout(timer);
    },
    async runDue() {
      for (;;) {
        await expire(clock.now());
        const { moved } = await claimAll();
        if (moved === 0 && inFlight.size === 0) return;
        if (inFlight.size > 0) await Promise.race(inFlight);
      }
    },
  };
}
