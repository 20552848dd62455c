/** Published (contract section 4): seconds from the end of an attempt to the next one. Five retries. */
export const defaultRetryScheduleSeconds: readonly number[] = [10, 60, 300, 1_800, 7_200];

/** Our reading: `Retry-After` cannot make an interval longer than this. */
const maxRetryAfterMs = 7_200_000;

/** The delay before the next attempt, and the reason for it. */
export interface NextAttempt {
  readonly delayMs: number;
  readonly reason: string;
}

/**
 * Parses `Retry-After`, either whole seconds or an HTTP date, into milliseconds. Returns undefined if the value is
 * malformed or in the past.
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // An HTTP date begins with the name of a day; Date.parse alone accepts many other forms.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const retryAtMs = Date.parse(text);
  return retryAtMs > nowMs ? retryAtMs - nowMs : undefined;
}

/**
 * Returns the delay after attempt `number`, or undefined if no retry is left. `Retry-After` and jitter can only
 * lengthen the scheduled interval.
 *
 * @param askedMs - The delay that the endpoint asked for in `Retry-After`.
 * @param jitter - The fraction of the interval, 0 to 1, that is added to it.
 */
export function nextAttempt(
  number: number,
  scheduleSeconds: readonly number[],
  askedMs: number | undefined,
  jitter: number,
): NextAttempt | undefined {
  const seconds = scheduleSeconds[number - 1];
  if (seconds === undefined) return undefined;
  const scheduledMs = seconds * 1000 * (1 + jitter);
  const minimumMs = Math.min(askedMs ?? 0, maxRetryAfterMs);
  const delayMs = Math.ceil(Math.max(scheduledMs, minimumMs));
  const reason = `retry ${number} of ${scheduleSeconds.length}, after ${Math.ceil(delayMs / 1000)} s`;
  return { delayMs, reason: minimumMs > scheduledMs ? `${reason}: asked for by Retry-After` : reason };
}
