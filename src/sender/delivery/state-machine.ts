/**
 * The delivery contract (section 4) as a state machine. Pure: no I/O, no clock, no chance. Each function
 * takes rows as they are and gives them as they shall be, or undefined where there is nothing to do.
 *
 *   scheduled ──begin──→ attempting ──success──→ succeeded
 *      ↑  ↑                 │  │ └────failure, no retry left──→ failed (and the endpoint is disabled)
 *      │  └─────failure─────┘  └──────endpoint disabled──→ held ──release──→ scheduled
 *      └── lease passed: outcome unknown, counts as a failure of that attempt
 *   any that is not at its end ──endpoint deleted──→ cancelled
 */
import { nextAttempt, retryAfterMs } from './retry-schedule.js';
import { isTerminal } from '../records.js';
import type {
  AttemptRecord,
  AttemptResult,
  Change,
  DeliveryRecord,
  EndpointRecord,
  Rows,
} from '../records.js';

/** The rules that can be set. */
export interface DeliveryRules {
  readonly retryScheduleSeconds: readonly number[];
}

/** What it takes to begin an attempt. */
export interface Beginning {
  readonly nowMs: number;
  readonly token: string;
  readonly leaseMs: number;
}

/** What it takes to end one. */
export interface Ending {
  readonly nowMs: number;
  readonly token: string;
  readonly result: AttemptResult;
  /** The transport failed, and not the endpoint, which is not blamed for it. */
  readonly isTransportFault?: boolean;
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** 0 to 1 of the interval that is added to it. */
  readonly jitter: number;
}

const idle = { token: null, leaseUntilMs: null } as const;

/** A delivery that waits: until it is due, or for as long as its endpoint is disabled. */
export function schedule(
  delivery: DeliveryRecord,
  endpoint: EndpointRecord | undefined,
  dueAtMs: number,
): DeliveryRecord {
  if (!endpoint) return { ...delivery, ...idle, status: 'cancelled', dueAtMs: null };
  if (endpoint.status === 'disabled') return { ...delivery, ...idle, status: 'held', dueAtMs: null };
  return { ...delivery, ...idle, status: 'scheduled', dueAtMs };
}

/** Begins an attempt of a delivery that is due; the attempt is written down before anything is sent. */
export function begin(
  { delivery, endpoint }: Rows,
  { nowMs, token, leaseMs }: Beginning,
): Change | undefined {
  if (delivery.status !== 'scheduled' || delivery.dueAtMs === null || delivery.dueAtMs > nowMs)
    return undefined;
  // A ping is the endpoint's own test: it goes out whatever the endpoint's status.
  const sendable = endpoint && (endpoint.status === 'enabled' || delivery.kind === 'ping');
  if (!sendable) return { delivery: schedule(delivery, endpoint, delivery.dueAtMs) };
  const number = delivery.attempts + 1;
  return {
    delivery: {
      ...delivery,
      status: 'attempting',
      attempts: number,
      dueAtMs: null,
      token,
      leaseUntilMs: nowMs + leaseMs,
    },
    attempt: {
      deliveryId: delivery.id,
      number,
      url: endpoint.url,
      startedAtMs: nowMs,
      endedAtMs: null,
      outcome: 'pending',
      requestHeaders: null,
      result: null,
      nextAttemptAtMs: null,
      reason: null,
    },
  };
}

/** What an endpoint is told to have done wrong. */
function faultOf({ status, error }: AttemptResult): string {
  if (error !== undefined) return error;
  return status !== undefined && status >= 300 && status < 400
    ? `HTTP ${status}: redirects are not followed`
    : `HTTP ${status ?? 'without a status'}`;
}

function disabled(endpoint: EndpointRecord, reason: 'failures' | 'gone', nowMs: number): EndpointRecord {
  // Only what is enabled can be disabled, so this happens once and is told once.
  if (endpoint.status === 'disabled') return endpoint;
  return {
    ...endpoint,
    status: 'disabled',
    disabledReason: reason,
    disabledAtMs: nowMs,
    disabledNotificationPending: true,
  };
}

/** The endpoint after an attempt: since when it fails, and whether it is disabled for it. */
function endpointAfter(
  endpoint: EndpointRecord,
  delivery: DeliveryRecord,
  fault: string | undefined,
  exhausted: boolean,
  { nowMs, result, isTransportFault }: Ending,
): EndpointRecord {
  if (delivery.kind === 'ping' || isTransportFault) return endpoint;
  if (fault === undefined) {
    return endpoint.failingSinceMs === null
      ? endpoint
      : { ...endpoint, failingSinceMs: null, lastError: null };
  }
  const failing =
    endpoint.lastError === fault && endpoint.failingSinceMs !== null
      ? endpoint
      : { ...endpoint, failingSinceMs: endpoint.failingSinceMs ?? nowMs, lastError: fault };
  if (delivery.kind === 'manual') return failing;
  if (result.status === 410) return disabled(failing, 'gone', nowMs);
  return exhausted ? disabled(failing, 'failures', nowMs) : failing;
}

const noRetry = 'no further attempt: all retries have failed';

/** Ends an attempt with what came of it. A token that is no longer the delivery's changes nothing. */
export function settle(rows: Rows, ending: Ending, rules: DeliveryRules): Change | undefined {
  const { delivery, endpoint, attempt } = rows;
  const { nowMs, result } = ending;
  if (delivery.status !== 'attempting' || delivery.token !== ending.token || !attempt) return undefined;
  const succeeded =
    result.error === undefined && result.status !== undefined && result.status >= 200 && result.status < 300;
  const ended: AttemptRecord = {
    ...attempt,
    endedAtMs: nowMs,
    outcome: succeeded ? 'success' : 'failure',
    requestHeaders: ending.requestHeaders,
    result,
  };
  const over = { ...idle, dueAtMs: null } as const;
  if (succeeded) {
    return {
      delivery: { ...delivery, ...over, status: 'succeeded' },
      endpoint: endpoint && endpointAfter(endpoint, delivery, undefined, false, ending),
      attempt: { ...ended, reason: 'delivered' },
    };
  }
  const asked =
    result.status === 429 || result.status === 503
      ? retryAfterMs(result.responseHeaders?.['retry-after'], nowMs)
      : undefined;
  const next =
    delivery.kind === 'ping'
      ? undefined
      : nextAttempt(delivery.attempts, rules.retryScheduleSeconds, asked, ending.jitter);
  const after = endpoint && endpointAfter(endpoint, delivery, faultOf(result), next === undefined, ending);
  if (!next) {
    const reason = delivery.kind === 'ping' ? 'a ping is not retried' : noRetry;
    return {
      delivery: { ...delivery, ...over, status: 'failed' },
      endpoint: after,
      attempt: { ...ended, reason },
    };
  }
  return { ...postponed(delivery, after, ended, nowMs + next.delayMs, next.reason), endpoint: after };
}

/** The delivery and its attempt where there will be another one, or would be. */
function postponed(
  delivery: DeliveryRecord,
  endpoint: EndpointRecord | undefined,
  attempt: AttemptRecord,
  atMs: number,
  reason: string,
): { readonly delivery: DeliveryRecord; readonly attempt: AttemptRecord } {
  const waiting = schedule(delivery, endpoint, atMs);
  const reasons: Partial<Record<DeliveryRecord['status'], string>> = {
    held: 'held: the endpoint is disabled',
    cancelled: 'no further attempt: the endpoint was deleted',
  };
  return {
    delivery: waiting,
    attempt: { ...attempt, nextAttemptAtMs: waiting.dueAtMs, reason: reasons[waiting.status] ?? reason },
  };
}

/**
 * Ends an attempt of which nobody knows what came: its process was killed. The event may have arrived, so it
 * is sent again, under the same id; an endpoint is not disabled for what the sender did.
 */
export function giveUp(
  { delivery, endpoint, attempt }: Rows,
  nowMs: number,
  rules: DeliveryRules,
): Change | undefined {
  if (delivery.status !== 'attempting' || !attempt) return undefined;
  const unknown: AttemptRecord = { ...attempt, endedAtMs: nowMs, outcome: 'unknown' };
  const next =
    delivery.kind === 'ping'
      ? undefined
      : nextAttempt(delivery.attempts, rules.retryScheduleSeconds, undefined, 0);
  if (!next) {
    return {
      delivery: { ...delivery, ...idle, dueAtMs: null, status: 'failed' },
      attempt: { ...unknown, reason: 'no further attempt: the outcome of the last one is not known' },
    };
  }
  return postponed(delivery, endpoint, unknown, nowMs + next.delayMs, `outcome unknown; ${next.reason}`);
}

/** Lets a held delivery go: it is due now, with the attempts it has left. */
export function release({ delivery, endpoint }: Rows, nowMs: number): Change | undefined {
  if (delivery.status !== 'held') return undefined;
  const released = schedule(delivery, endpoint, nowMs);
  // Disabled again meanwhile.
  return released.status === 'held' ? undefined : { delivery: released };
}

/** Ends a delivery whose endpoint is deleted. One that is on its way ends when its attempt does. */
export function cancel({ delivery }: Rows): Change | undefined {
  if (isTerminal(delivery) || delivery.status === 'attempting') return undefined;
  return { delivery: { ...delivery, ...idle, status: 'cancelled', dueAtMs: null } };
}
