import { signPayload } from '../../signature.js';
import { settle, type DeliveryRules } from '../delivery.js';
import type { AttemptResult, Claim, EndpointRecord, EventRecord } from '../stores/contract.js';
import type { Time } from '../time.js';
import type { OutgoingRequest, Transport } from '../transport-contract.js';
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

export function createAttempts(options: AttemptsOptions): Attempts {
  const { time, transport, attemptTimeoutMs, onError, rules } = options;
  /** By token, what aborts it. */
  const active = new Map<string, () => void>();

  async function headersFor(event: EventRecord, endpoint: EndpointRecord): Promise<Record<string, string>> {
    return {
      'content-type': 'application/json',
      'user-agent': options.userAgent,
      'x-hostwares-signature': await signPayload(event.body, endpoint.secret),
      // Stamped anew for each attempt (contract section 3); the body is not.
      'x-hostwares-timestamp': String(Math.floor(time.now() / 1000)),
    };
  }

  async function send(request: OutgoingRequest): Promise<Outcome> {
    try {
      const result = toAttemptResult(await transport.send(request));
      if (result) return { result, isTransportFault: false };
      onError(
        new TypeError('The transport returned a result that is not an AttemptResult: see Transport.send.'),
      );
      return transportFault('the transport returned a result that cannot be stored');
    } catch (error) {
      onError(error);
      return transportFault('the transport failed');
    }
  }

  /** Undefined if it was aborted. */
  function sendInTime(request: OutgoingRequest, token: string): Promise<Outcome | undefined> {
    const limitMs = attemptTimeoutMs + cutOffMarginMs;
    return new Promise((resolve) => {
      const cutOff = (): void => {
        const error = `timeout: the transport did not end within ${limitMs / 1000} s`;
        resolve({ result: { error, timings: { totalMs: limitMs } }, isTransportFault: false });
      };
      const cancel = time.setTimeout(cutOff, limitMs);
      active.set(token, () => {
        cancel();
        resolve(undefined);
      });
      void send(request).then((outcome) => {
        cancel();
        resolve(outcome);
      });
    });
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
      seen.disabled = change?.endpoint?.noticePending === true && rows.endpoint?.noticePending === false;
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
    const outcome = given
      ? { result: given, isTransportFault: false }
      : await sendInTime(request, delivery.token ?? '');
    if (!outcome || !active.has(delivery.token ?? '')) {
      return { error: 'the sender was stopped', timings: { totalMs: 0 } };
    }
    await settleAttempt(claim, outcome, requestHeaders);
    return outcome.result;
  }

  return {
    async run(claim, result) {
      const token = claim.delivery.token ?? '';
      active.set(token, () => undefined);
      try {
        return await carryOut(claim, result);
      } finally {
        active.delete(token);
      }
    },
    isActive: (token) => active.has(token),
    abort() {
      const aborts = [...active.values()];
      active.clear();
      for (const abort of aborts) abort();
    },
  };
}
