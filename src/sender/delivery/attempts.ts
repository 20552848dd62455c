import { signPayload } from '../../signing/signature.js';
import { settle, type DeliveryRules } from './state-machine.js';
import type { AttemptResult, EndpointRecord, EventRecord } from '../records.js';
import type { Claim } from '../stores/store.js';
import type { Time } from '../time.js';
import type { OutgoingRequest, Transport } from '../transport/transport.js';
import { toAttemptResult } from './attempt-result.js';
import type { TimedTransition } from './settlements.js';

/** What {@link createAttempts} works with. */
export interface AttemptsOptions {
  readonly time: Time;
  readonly transport: Transport;
  readonly rules: DeliveryRules;
  readonly attemptTimeoutMs: number;
  readonly jitterRatio: number;
  readonly random: () => number;
  readonly userAgent: string;
  readonly onError: (error: unknown) => unknown;
  readonly write: (deliveryId: string, change: TimedTransition) => Promise<void>;
  /** Called when a retry was scheduled. */
  readonly onScheduled: (dueAtMs: number) => void;
  /** Called when an endpoint was disabled and its owner has to be notified. */
  readonly onDisabled: () => Promise<void>;
}

/** Sends attempts and writes down what came of them. */
export interface Attempts {
  /** Sends one attempt that has begun, and ends it. With `result`, that is its end and nothing is sent. */
  run(claim: Claim, result?: AttemptResult): Promise<AttemptResult>;
  /** Whether this attempt is being carried out here and now. */
  isActive(token: string): boolean;
  /** Ends all of them without a result: their outcome is unknown, and no endpoint is blamed. */
  abort(): void;
}

/** What came of a request. */
interface Outcome {
  readonly result: AttemptResult;
  /** The transport is at fault, and the endpoint is not blamed. */
  readonly isTransportFault: boolean;
}

// A transport ends by itself at the deadline. One that does not is cut off so much later.
const cutOffMarginMs = 5_000;

const transportFault = (error: string): Outcome => ({
  result: { error, timings: { totalMs: 0 } },
  isTransportFault: true,
});

/** A request that is under way. */
interface Waiting {
  /** By the monotonic clock. */
  readonly cutOffAtMs: number;
  /** Ends the wait; without an outcome if the attempt was aborted. */
  readonly end: (outcome: Outcome | undefined) => void;
}

export function createAttempts(options: AttemptsOptions): Attempts {
  const { time, transport, attemptTimeoutMs, onError, rules } = options;
  const limitMs = attemptTimeoutMs + cutOffMarginMs;
  /** By token. */
  const active = new Set<string>();
  /** The oldest first. */
  const waiting = new Set<Waiting>();
  let cancelTimer: (() => void) | undefined;

  async function headersFor(event: EventRecord, endpoint: EndpointRecord): Promise<Record<string, string>> {
    return {
      'content-type': 'application/json',
      'user-agent': options.userAgent,
      'x-hostwares-signature': await signPayload(event.body, endpoint.secret),
      // Stamped anew for each attempt (contract section 3); the body is not.
      'x-hostwares-timestamp': String(Math.floor(time.now() / 1000)),
    };
  }

  /** One timer does for all: they may take equally long, so the oldest is the first to be cut off. */
  function watchOldest(): void {
    if (cancelTimer && waiting.size > 0) return;
    cancelTimer?.();
    const [oldest] = waiting;
    cancelTimer = oldest && time.setTimeout(cutOff, Math.max(0, oldest.cutOffAtMs - time.monotonic()));
  }

  function cutOff(): void {
    cancelTimer = undefined;
    const nowMs = time.monotonic();
    for (const { cutOffAtMs, end } of waiting) {
      if (cutOffAtMs > nowMs) break;
      const error = `timeout: the transport did not end within ${limitMs / 1000} s`;
      end({ result: { error, timings: { totalMs: limitMs } }, isTransportFault: false });
    }
    watchOldest();
  }

  /** Undefined if it was aborted. */
  function sendInTime(request: OutgoingRequest): Promise<Outcome | undefined> {
    return new Promise((resolve) => {
      const wait: Waiting = {
        cutOffAtMs: time.monotonic() + limitMs,
        end(outcome) {
          waiting.delete(wait);
          if (waiting.size === 0) watchOldest();
          resolve(outcome);
        },
      };
      waiting.add(wait);
      watchOldest();
      void send(request, wait.end);
    });
  }

  async function send(request: OutgoingRequest, end: (outcome: Outcome) => void): Promise<void> {
    try {
      const result = toAttemptResult(await transport.send(request));
      if (result) {
        end({ result, isTransportFault: false });
        return;
      }
      onError(new TypeError('The transport returned a value that is not an AttemptResult.'));
      end(transportFault('the transport returned a result that cannot be stored'));
    } catch (error) {
      onError(error);
      end(transportFault('the transport failed'));
    }
  }

  async function settleAttempt(
    { delivery }: Claim,
    { result, isTransportFault }: Outcome,
    requestHeaders: Readonly<Record<string, string>>,
  ): Promise<void> {
    const token = delivery.token ?? '';
    const jitter = options.jitterRatio === 0 ? 0 : options.random() * options.jitterRatio;
    const seen: { disabled: boolean; dueAtMs: number | null } = { disabled: false, dueAtMs: null };
    await options.write(delivery.id, (rows, nowMs) => {
      const change = settle(rows, { nowMs, token, result, isTransportFault, requestHeaders, jitter }, rules);
      seen.disabled =
        change?.endpoint?.disabledNotificationPending === true &&
        rows.endpoint?.disabledNotificationPending === false;
      seen.dueAtMs = change?.delivery.dueAtMs ?? null;
      return change;
    });
    if (seen.dueAtMs !== null) options.onScheduled(seen.dueAtMs);
    if (seen.disabled) await options.onDisabled();
  }

  async function carryOut(claim: Claim, given: AttemptResult | undefined): Promise<AttemptResult> {
    const { delivery, endpoint, event } = claim;
    const requestHeaders = await headersFor(event, endpoint);
    const request = {
      url: endpoint.url,
      headers: requestHeaders,
      body: event.body,
      timeoutMs: attemptTimeoutMs,
    };
    const outcome = given ? { result: given, isTransportFault: false } : await sendInTime(request);
    if (!outcome || !active.has(delivery.token ?? '')) {
      return { error: 'the sender was stopped', timings: { totalMs: 0 } };
    }
    await settleAttempt(claim, outcome, requestHeaders);
    return outcome.result;
  }

  return {
    async run(claim, result) {
      const token = claim.delivery.token ?? '';
      active.add(token);
      try {
        return await carryOut(claim, result);
      } finally {
        active.delete(token);
      }
    },
    isActive: (token) => active.has(token),
    abort() {
      active.clear();
      for (const { end } of [...waiting]) end(undefined);
    },
  };
}
