import { readOutcome } from '../../attempt-json.js';
import { describeFailure } from '../../describe-failure.js';
import { formatDuration, formatTimeOfDay } from '../../format.js';
import { isRecord } from '../../json.js';
import { escapeControls, truncate, type Style } from '../../style.js';
import type { Json } from './watcher.js';

/** Returns the last attempt of a delivery that has ended; undefined if none has, or they were not read. */
function lastAttempt({ attempt_log: log }: Json): Json | undefined {
  if (!Array.isArray(log)) return undefined;
  return log
    .filter(isRecord)
    .reverse()
    .find(({ outcome }) => outcome !== 'pending');
}

function show(value: unknown, maxLength = 60): string {
  return escapeControls(truncate(typeof value === 'string' ? value : '', maxLength));
}

function describeLast(attempt: Json | undefined): readonly string[] {
  if (!attempt) return [];
  const outcome = readOutcome(attempt);
  const reason = attempt.outcome === 'success' ? [] : [describeFailure(outcome)];
  const duration = outcome.durationMs === null ? [] : [formatDuration(outcome.durationMs)];
  return [String(outcome.status ?? '---'), ...duration, ...reason];
}

/** Formats the state of a delivery as one line: time, event, status, last attempt, next attempt, ids. */
export function formatDelivery(delivery: Json, style: Style, nowMs: number): string {
  const { status, next_attempt_at: next } = delivery;
  const colours: Record<string, (text: string) => string> = { succeeded: style.green, failed: style.red };
  const colour = colours[String(status)] ?? ((text: string) => text);
  const nextMs = status === 'scheduled' && typeof next === 'string' ? Date.parse(next) : NaN;
  const isRetry = delivery.attempts !== 0 && !Number.isNaN(nextMs);
  return [
    style.dim(formatTimeOfDay(nowMs)),
    show(delivery.event).padEnd(20),
    colour(show(status).padEnd(10)),
    ...describeLast(lastAttempt(delivery)),
    ...(isRetry ? [`next attempt at ${formatTimeOfDay(nextMs)}`] : []),
    style.dim(`${show(delivery.id)} to ${show(delivery.webhook_id)}`),
  ].join('  ');
}

/** Returns the state of a delivery as JSON for scripts, with its last attempt but without bodies and headers. */
export function toDeliveryLine(delivery: Json): object {
  const { attempt_log: _, request_body: __, ...rest } = delivery;
  const attempt = lastAttempt(delivery);
  if (!attempt) return { ...rest, last_attempt: null };
  const outcome = readOutcome(attempt);
  return {
    ...rest,
    last_attempt: {
      number: attempt.number,
      status: outcome.status,
      duration_ms: outcome.durationMs,
      reason: attempt.outcome === 'success' ? null : describeFailure(outcome),
    },
  };
}
