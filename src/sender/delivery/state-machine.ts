/**
 * The delivery contract (section 4) as a state machine. Pure: no I/O, no clock, no randomness. Each function takes
 * the current rows and returns their replacements, or undefined if nothing changes.
 *
 *   scheduled ──begin──→ attempting ──success──→ succeeded
 *      ↑  ↑                 │  │ └────failure, no retry left──→ failed (and the endpoint is disabled)
 *      │  └─────failure─────┘  └──────endpoint disabled──→ held ──release──→ scheduled
 *      └── lease expired: outcome unknown, counts as a failed attempt
 *   any non-terminal state ──endpoint deleted──→ cancelled
 */
import { nextAttempt, retryAfterMs, type NextAttempt } from './retry-schedule.js';
import { isTerminal } from '../records.js';
import type {
  AttemptRecord,
  AttemptResult,
  Change,
  DeliveryRecord,
  EndpointRecord,
  Rows,
} from '../records.js';

/** The configurable rules of delivery. */
export interface DeliveryRules {
  readonly retryScheduleSeconds: readonly number[];
}

/** The input of {@link begin}. */
export interface AttemptStart {
  readonly nowMs: number;
  readonly token: string;
  readonly leaseMs: number;
}

/** The input of {@link settle}. */
export interface AttemptEnd {
  readonly nowMs: number;
  /** Must be the delivery's token, or the attempt has been given up meanwhile. */
  readonly token: string;
  readonly result: AttemptResult;
  /** True if the transport itself failed, for which the endpoint is not blamed. */
  readonly isTransportFault?: boolean;
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** The fraction of the retry interval, 0 to 1, that is added to it. */
  readonly jitter: number;
}

const idle = { token: null, leaseUntilMs: null } as const;
const ended = { ...idle, dueAtMs: null } as const;

/** Returns the delivery waiting for its due time, or held for as long as its endpoint is disabled. */
export function schedule(
  delivery: DeliveryRecord,
  endpoint: EndpointRecord | undefined,
  dueAtMs: number,
): DeliveryRecord {
  if (!endpoint) return { ...delivery, ...ended, status: 'cancelled' };
  if (endpoint.status === 'disabled') return { ...delivery, ...ended, status: 'held' };
  return { ...delivery, ...idle, status: 'scheduled', dueAtMs };
}

/** Begins an attempt of a due delivery. The store commits the attempt before the request is sent. */
export function begin({ delivery, endpoint }: Rows, start: AttemptStart): Change | undefined {
  const { nowMs, token, leaseMs } = start;
  if (delivery.status !== 'scheduled' || delivery.dueAtMs === null || delivery.dueAtMs > nowMs)
    return undefined;
  // A ping tests the endpoint, so it is sent to a disabled one too.
  const isSendable = endpoint && (endpoint.status === 'enabled' || delivery.kind === 'ping');
  if (!isSendable) return { delivery: schedule(delivery, endpoint, delivery.dueAtMs) };
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

function isSuccess({ error, status }: AttemptResult): boolean {
  return error === undefined && status !== undefined && status >= 200 && status < 300;
}

/** Describes a failure to the owner of the endpoint. */
function describeFailure({ status, error }: AttemptResult): string {
  if (error !== undefined) return error;
  return status !== undefined && status >= 300 && status < 400
    ? `HTTP ${status}: redirects are not followed`
    : `HTTP ${status ?? 'without a status'}`;
}

function disable(endpoint: EndpointRecord, reason: 'failures' | 'gone', nowMs: number): EndpointRecord {
  // The owner is notified once: only the change from enabled to disabled sets the flag.
  if (endpoint.status === 'disabled') return endpoint;
  return {
    ...endpoint,
    status: 'disabled',
    disabledReason: reason,
    disabledAtMs: nowMs,
    disabledNotificationPending: true,
  };
}

function countsForEndpoint(delivery: DeliveryRecord, end: AttemptEnd): boolean {
  return delivery.kind !== 'ping' && end.isTransportFault !== true;
}

function endpointAfterSuccess(
  endpoint: EndpointRecord,
  delivery: DeliveryRecord,
  end: AttemptEnd,
): EndpointRecord {
  if (!countsForEndpoint(delivery, end) || endpoint.failingSinceMs === null) return endpoint;
  return { ...endpoint, failingSinceMs: null, lastError: null };
}

/** Returns the same object if nothing changed, so that the store writes nothing. */
function markFailing(endpoint: EndpointRecord, lastError: string, nowMs: number): EndpointRecord {
  if (endpoint.lastError === lastError && endpoint.failingSinceMs !== null) return endpoint;
  return { ...endpoint, failingSinceMs: endpoint.failingSinceMs ?? nowMs, lastError };
}

function endpointAfterFailure(
  endpoint: EndpointRecord,
  delivery: DeliveryRecord,
  end: AttemptEnd,
  hasRetry: boolean,
): EndpointRecord {
  const { nowMs, result } = end;
  if (!countsForEndpoint(delivery, end)) return endpoint;
  const failing = markFailing(endpoint, describeFailure(result), nowMs);
  if (delivery.kind === 'manual') return failing;
  if (result.status === 410) return disable(failing, 'gone', nowMs);
  return hasRetry ? failing : disable(failing, 'failures', nowMs);
}

/** The retry after a failed attempt; undefined if there is none left. */
function retryAfter(
  delivery: DeliveryRecord,
  { nowMs, result, jitter }: Pick<AttemptEnd, 'nowMs' | 'result' | 'jitter'>,
  rules: DeliveryRules,
): NextAttempt | undefined {
  if (delivery.kind === 'ping') return undefined;
  const hasRetryAfter = result.status === 429 || result.status === 503;
  const askedMs = hasRetryAfter ? retryAfterMs(result.responseHeaders?.['retry-after'], nowMs) : undefined;
  return nextAttempt(delivery.attempts, rules.retryScheduleSeconds, askedMs, jitter);
}

/** Settles an attempt with its result. Changes nothing if the delivery has another token by now. */
export function settle(rows: Rows, end: AttemptEnd, rules: DeliveryRules): Change | undefined {
  const { delivery, endpoint } = rows;
  const { nowMs } = end;
  const { requestHeaders = end.requestHeaders, ...result } = end.result;
  if (delivery.status !== 'attempting' || delivery.token !== end.token || !rows.attempt) return undefined;
  const succeeded = isSuccess(result);
  const attempt: AttemptRecord = {
    ...rows.attempt,
    endedAtMs: nowMs,
    outcome: succeeded ? 'success' : 'failure',
    requestHeaders,
    result,
  };
  if (succeeded) {
    return {
      delivery: { ...delivery, ...ended, status: 'succeeded' },
      endpoint: endpoint && endpointAfterSuccess(endpoint, delivery, end),
      attempt: { ...attempt, reason: 'delivered' },
    };
  }
  const next = retryAfter(delivery, end, rules);
  const after = endpoint && endpointAfterFailure(endpoint, delivery, end, next !== undefined);
  if (!next) {
    const reason =
      delivery.kind === 'ping' ? 'a ping is not retried' : 'no further attempt: all retries have failed';
    return {
      delivery: { ...delivery, ...ended, status: 'failed' },
      endpoint: after,
      attempt: { ...attempt, reason },
    };
  }
  return postpone({ delivery, endpoint: after, attempt }, nowMs, next);
}

/** Schedules the next attempt, or holds or cancels the delivery if its endpoint is disabled or deleted. */
function postpone(
  { delivery, endpoint, attempt }: Rows & { readonly attempt: AttemptRecord },
  nowMs: number,
  { delayMs, reason }: NextAttempt,
): Change {
  const postponed = schedule(delivery, endpoint, nowMs + delayMs);
  const reasons: Partial<Record<DeliveryRecord['status'], string>> = {
    held: 'held: the endpoint is disabled',
    cancelled: 'no further attempt: the endpoint was deleted',
  };
  return {
    delivery: postponed,
    endpoint,
    attempt: {
      ...attempt,
      nextAttemptAtMs: postponed.dueAtMs,
      reason: reasons[postponed.status] ?? reason,
    },
  };
}

/**
 * Ends an attempt whose outcome is unknown because its process died. The event may have arrived, so it is sent again
 * under the same id. The endpoint is not blamed for a fault of the sender.
 */
export function giveUp(rows: Rows, nowMs: number, rules: DeliveryRules): Change | undefined {
  const { delivery } = rows;
  if (delivery.status !== 'attempting' || !rows.attempt) return undefined;
  const attempt: AttemptRecord = { ...rows.attempt, endedAtMs: nowMs, outcome: 'unknown' };
  const next =
    delivery.kind === 'ping'
      ? undefined
      : nextAttempt(delivery.attempts, rules.retryScheduleSeconds, undefined, 0);
  if (!next) {
    return {
      delivery: { ...delivery, ...ended, status: 'failed' },
      attempt: { ...attempt, reason: 'no further attempt: the outcome of the last one is not known' },
    };
  }
  return postpone({ ...rows, attempt }, nowMs, { ...next, reason: `outcome unknown; ${next.reason}` });
}

/** Releases a held delivery: it is due at once, with the attempts it has left. */
export function release({ delivery, endpoint }: Rows, nowMs: number): Change | undefined {
  if (delivery.status !== 'held') return undefined;
  const released = schedule(delivery, endpoint, nowMs);
  // The endpoint may have been disabled again since.
  return released.status === 'held' ? undefined : { delivery: released };
}

/** Cancels a delivery whose endpoint is deleted. One that is in flight ends with its attempt. */
export function cancel({ delivery }: Rows): Change | undefined {
  if (isTerminal(delivery) || delivery.status === 'attempting') return undefined;
  return { delivery: { ...delivery, ...ended, status: 'cancelled' } };
}
