/** Published (contract section 4): seconds from the end of an attempt to the next, five retries. */
export const defaultRetryScheduleSeconds: readonly number[] = [10, 60, 300, 1_800, 7_200];

/** Our reading: the longest that `Retry-After` may lengthen an interval to. */
const longestRetryAfterMs = 7_200_000;

/** When to try again, and how that came about. */
export interface NextAttempt {
  readonly delayMs: number;
  readonly reason: string;
}

/**
 * `Retry-After` in milliseconds, where it makes sense: whole seconds, or a date. Undefined for nonsense
 * and for what has passed.
 */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // A date in HTTP's form begins with the name of a day; Date.parse alone takes much more.
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const at = Date.parse(text);
  return at > nowMs ? at - nowMs : undefined;
}

/**
 * The interval after attempt `number`, or undefined where there is no retry left. `Retry-After` can only
 * lengthen it, jitter can only add.
 *
 * @param jitter - 0 to 1 of the interval, already drawn.
 */
export function nextAttempt(
  number: number,
  scheduleSeconds: readonly number[],
  askedMs: number | undefined,
  jitter: number,
): NextAttempt | undefined {
  const seconds = scheduleSeconds[number - 1];
  if (seconds === undefined) return undefined;
  const plainMs = seconds * 1000 * (1 + jitter);
  const lengthened = askedMs === undefined ? 0 : Math.min(askedMs, longestRetryAfterMs);
  const retry = `retry ${number} of ${scheduleSeconds.length}`;
  if (lengthened > plainMs) {
    return {
      delayMs: Math.ceil(lengthened),
      reason: `${retry}, after ${Math.ceil(lengthened / 1000)} s: asked for by Retry-After`,
    };
  }
  return { delayMs: Math.ceil(plainMs), reason: `${retry}, after ${Math.ceil(plainMs / 1000)} s` };
}
