import type { DeliveryChange } from '../../../emulator/types.js';
import type { AttemptRecord, DeliveryRecord } from '../../../sender/records.js';
import { describeFailure, isConnectionRefused, type RequestOutcome } from '../../describe-failure.js';
import { formatDuration, formatTimeOfDay, formatWait } from '../../format.js';
import { escapeControls, truncate, type Style } from '../../style.js';

/** An attempt that has ended, with its delivery. */
export interface EndedAttempt {
  readonly delivery: DeliveryRecord;
  readonly attempt: AttemptRecord;
}

/** Returns the attempt that ended with a change; undefined if none did. */
export function endedAttempt({ delivery, attempt }: DeliveryChange): EndedAttempt | undefined {
  return attempt && attempt.outcome !== 'pending' ? { delivery, attempt } : undefined;
}

/** Returns the outcome of an attempt, to describe it. */
function outcomeOf({ url, result }: AttemptRecord): RequestOutcome {
  return {
    url,
    status: result?.status ?? null,
    error: result?.error ?? null,
    responseHeaders: result?.responseHeaders ?? null,
    responseBody: result?.responseBody ?? null,
  };
}

/** Describes when the next attempt is, or why there is none. */
function describeNext({ delivery, attempt }: EndedAttempt): string {
  const { nextAttemptAtMs, endedAtMs, reason } = attempt;
  if (nextAttemptAtMs !== null) {
    const waitMs = nextAttemptAtMs - (endedAtMs ?? nextAttemptAtMs);
    return `next attempt in ${formatWait(waitMs)}, at ${formatTimeOfDay(nextAttemptAtMs)}`;
  }
  // By contract, the last retry of an event disables its endpoint.
  const isDisabling = delivery.kind === 'automatic' && delivery.status === 'failed';
  return `${reason ?? 'no further attempt'}${isDisabling ? '; the endpoint is disabled' : ''}`;
}

/** Describes the failure of an attempt in words, and what happens next; undefined if it succeeded. */
function describeAttempt(ended: EndedAttempt): string | undefined {
  const { attempt, delivery } = ended;
  if (attempt.outcome === 'success') return undefined;
  const outcome = outcomeOf(attempt);
  const failure = attempt.outcome === 'unknown' ? 'the outcome is not known' : describeFailure(outcome);
  if (delivery.kind !== 'ping') return `${failure}; ${describeNext(ended)}`;
  return isConnectionRefused(outcome) ? `${failure} yet. Start your server; events are retried` : failure;
}

/** Formats an attempt that has ended as one line. */
export function formatAttempt(ended: EndedAttempt, style: Style, showTarget: boolean): string {
  const { attempt, delivery } = ended;
  const colour = attempt.outcome === 'success' ? style.green : style.red;
  const note = attempt.result?.note;
  const number = attempt.number > 1 ? `attempt ${attempt.number}` : undefined;
  const details = [
    showTarget ? `to ${escapeControls(truncate(attempt.url, 100))}` : undefined,
    number,
    describeAttempt(ended),
    note === undefined ? undefined : `[${escapeControls(note)}]`,
  ].filter((detail) => detail !== undefined);
  return [
    style.dim(formatTimeOfDay(attempt.endedAtMs ?? attempt.startedAtMs)),
    escapeControls(truncate(delivery.eventType, 60)).padEnd(20),
    colour(String(attempt.result?.status ?? '---')),
    (attempt.result ? formatDuration(attempt.result.timings.totalMs) : '').padStart(7),
    details.join(', '),
  ]
    .join('  ')
    .trimEnd();
}

/** Formats a delivery that is held from the start, because its endpoint is disabled, as one line. */
export function formatHeld({ eventType, createdAtMs }: DeliveryRecord, style: Style): string {
  return [
    style.dim(formatTimeOfDay(createdAtMs)),
    escapeControls(truncate(eventType, 60)).padEnd(20),
    style.yellow('held'),
    'the endpoint is disabled: enable it on the dashboard, and release what is held',
  ].join('  ');
}

/** Returns a held delivery as JSON for scripts. */
export function toHeldJson(delivery: DeliveryRecord): object {
  return {
    type: 'held',
    time: new Date(delivery.createdAtMs).toISOString(),
    event: delivery.eventType,
    event_id: delivery.eventId,
    delivery_id: delivery.id,
    webhook_id: delivery.endpointId,
  };
}

/** Returns an attempt that has ended as JSON for scripts. */
export function toAttemptJson(ended: EndedAttempt): object {
  const { attempt, delivery } = ended;
  const { endedAtMs, nextAttemptAtMs } = attempt;
  return {
    type: 'attempt',
    time: endedAtMs === null ? null : new Date(endedAtMs).toISOString(),
    event: delivery.eventType,
    event_id: delivery.eventId,
    delivery_id: delivery.id,
    webhook_id: delivery.endpointId,
    url: attempt.url,
    attempt: attempt.number,
    ok: attempt.outcome === 'success',
    status: attempt.result?.status ?? null,
    duration_ms: attempt.result?.timings.totalMs ?? null,
    reason: describeAttempt(ended) ?? null,
    next_attempt_at: nextAttemptAtMs === null ? null : new Date(nextAttemptAtMs).toISOString(),
  };
}
