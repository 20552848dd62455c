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
// A notice that nobody took is given again after this.
const noticePauseMs = 60_000;

// Retries come first, and have half of all places at most: so neither lane starves.
const lanes: readonly Lane[] = ['retry', 'first'];

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
  const inFlightOf = new Map<string, Record<Lane, number>>();
  const inLane: Record<Lane, number> = { first: 0, retry: 0 };
  /** Attempts that are carried out here and now, by their tokens. */
  const carried = new Set<string>();
  /** Notices that are being given, by what they are of. */
  const telling = new Map<string, Promise<void>>();
  let settlements: Settlement[] = [];
  let running = false;
  let looking: Promise<void> | undefined;
  // Set by whoever wants another look while one is under way.
  const wanted = { again: false };
  let alarmAtMs: number | undefined;
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
    const token = delivery.token ?? '';
    carried.add(token);
    try {
      const requestHeaders = await headersFor(event, endpoint);
      const result = await transport.send({
        url: endpoint.url,
        headers: requestHeaders,
        body: event.body,
        timeoutMs: options.attemptTimeoutMs,
      });
      // Broken off by our own stop: what came of it is not known, and not the endpoint's fault.
      if (!carried.has(token)) return result;
      const ending = {
        nowMs: clock.now(),
        token,
        result,
        requestHeaders,
        jitter: options.jitterRatio === 0 ? 0 : options.random() * options.jitterRatio,
      };
      const seen: { disabled: boolean; dueAtMs: number | null } = { disabled: false, dueAtMs: null };
      await end(delivery.id, (rows) => {
        const change = settle(rows, ending, rules);
        seen.disabled = change?.endpoint?.noticePending === true && rows.endpoint?.noticePending === false;
        seen.dueAtMs = change?.delivery.dueAtMs ?? null;
        return change;
      });
      if (seen.dueAtMs !== null) alarmBy(seen.dueAtMs);
      if (seen.disabled) await notify();
      return result;
    } finally {
      carried.delete(token);
    }
  }

  /**
   * Begins to tell the owners of endpoints that were disabled. Nothing waits for them but `stop`. It is written
   * down once they are told: a crash in between tells them again rather than never.
   */
  async function notify(): Promise<void> {
    for (const endpoint of await store.pendingNotices()) {
      const notice = `${endpoint.id} ${endpoint.disabledAtMs}`;
      if (telling.has(notice)) continue;
      const told = tell(endpoint).finally(() => telling.delete(notice));
      telling.set(notice, told);
    }
  }

  function tellAgain(): void {
    if (running) notify().catch(options.onError);
  }

  async function tell(endpoint: EndpointRecord): Promise<void> {
    try {
      await options.onEndpointDisabled(endpoint);
      // Unless it was enabled, and disabled again, meanwhile: that is another notice.
      await store.updateEndpoint(endpoint.id, (current) =>
        current.disabledAtMs === endpoint.disabledAtMs ? { ...current, noticePending: false } : current,
      );
    } catch (error) {
      // Told again in a while, or at the next start.
      options.onError(error);
      if (running) clock.setTimeout(tellAgain, noticePauseMs);
    }
  }

  function launch(claim: Claim, lane: Lane): void {
    const { id } = claim.endpoint;
    const own = inFlightOf.get(id) ?? { first: 0, retry: 0 };
    inFlightOf.set(id, own);
    inLane[lane] += 1;
    own[lane] += 1;
    const run = attempt(claim)
      // What could not be written down is found by its lease.
      .catch(options.onError)
      .then(() => {
        inLane[lane] -= 1;
        own[lane] -= 1;
        if (own.first + own.retry === 0) inFlightOf.delete(id);
        inFlight.delete(run);
        wake();
      });
    inFlight.add(run);
  }

  function room(lane: Lane, most: number, taken: Readonly<Record<Lane, number>>): number {
    const free = most - taken.first - taken.retry;
    return lane === 'retry' ? Math.min(free, Math.ceil(most / 2) - taken.retry) : free;
  }

  /** Claims what there is room for; how many deliveries it moved on. */
  async function claimAll(): Promise<{ readonly claimed: number; readonly moved: number }> {
    let claimed = 0;
    let moved = 0;
    for (const lane of lanes) {
      const limit = room(lane, maxInFlight, inLane);
      if (limit <= 0) continue;
      const nowMs = clock.now();
      const found = await store.claim({
        lane,
        nowMs,
        limit,
        capacityOf: (endpointId) =>
          room(lane, maxInFlightPerEndpoint, inFlightOf.get(endpointId) ?? { first: 0, retry: 0 }),
        begin: (rows) => begin(rows, { nowMs, token: crypto.randomUUID(), leaseMs }),
      });
      for (const claim of found.claims) launch(claim, lane);
      if (found.claims.length > 0) alarmBy(nowMs + leaseMs);
      claimed += found.claims.length;
      moved += found.moved;
    }
    return { claimed, moved };
  }

  /** Gives up attempts whose lease has passed by then, but for those that `spared` is true of. */
  async function expire(untilMs: number, spared: (token: string) => boolean): Promise<void> {
    const nowMs = clock.now();
    await store.expire(untilMs, (rows) => {
      if (spared(rows.delivery.token ?? '')) return undefined;
      const change = giveUp(rows, nowMs, rules);
      if (change?.delivery.dueAtMs != null) alarmBy(change.delivery.dueAtMs);
      return change;
    });
  }

  async function look(): Promise<void> {
    try {
      wanted.again = false;
      await expire(clock.now(), () => false);
      const { claimed, moved } = await claimAll();
      // What was held or cancelled took part of a claim that others are waiting for.
      if (moved > claimed) wanted.again = true;
      // What is due and was not claimed waits for room, and whatever makes room looks again.
      if (alarmAtMs !== undefined && alarmAtMs <= clock.now()) forgetAlarm();
      const next = alarmAtMs === undefined ? await store.nextAlarmMs(clock.now()) : undefined;
      if (next !== undefined) alarmBy(next);
    } catch (error) {
      options.onError(error);
      alarmBy(clock.now() + errorPauseMs);
    }
  }

  /** Looks again by then. Whatever will be due is known here when it is written, so the store is not asked each time. */
  function alarmBy(atMs: number): void {
    if (!running || (alarmAtMs !== undefined && alarmAtMs <= atMs)) return;
    forgetAlarm();
    alarmAtMs = atMs;
    cancelAlarm = clock.setTimeout(
      () => {
        alarmAtMs = undefined;
        wake();
      },
      Math.max(0, atMs - clock.now()),
    );
  }

  function forgetAlarm(): void {
    cancelAlarm();
    alarmAtMs = undefined;
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
      try {
        // A store of our own: whoever held those leases is dead, but for what goes on here.
        if (store.exclusive) await expire(Number.POSITIVE_INFINITY, (token) => carried.has(token));
        await notify();
      } catch (error) {
        running = false;
        throw error;
      }
      wake();
    },
    async stop(drainMs) {
      running = false;
      forgetAlarm();
      await looking;
      let timer: ReturnType<typeof setTimeout> | undefined;
      const timeUp = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, drainMs);
      });
      const ended = Promise.all(inFlight).then(() => Promise.all(telling.values()));
      await Promise.race([ended, timeUp]);
      clearTimeout(timer);
      carried.clear();
    },
    async runDue() {
      for (;;) {
        await expire(clock.now(), () => false);
        const { moved } = await claimAll();
        const underWay = [...inFlight, ...telling.values()];
        if (moved === 0 && underWay.length === 0) return;
        if (underWay.length > 0) await Promise.race(underWay);
      }
    },
  };
}
