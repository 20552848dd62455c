import { bodyDeadlineMs } from '../../src/verify/body.js';

// One timer for all bodies that are on their way, ticking once a second while there are any: a timer
// for each request takes a tenth off what a server can do, and the deadline need not be exact.
const tickMs = 1_000;
const ticksAllowed = bodyDeadlineMs / tickMs;

/** What to call when the time is up, with the tick at which it began. Oldest first. */
const waiting = new Map<() => void, number>();
let ticker: ReturnType<typeof setInterval> | undefined;
let now = 0;

function tick(): void {
  now += 1;
  for (const [expire, began] of waiting) {
    if (now - began <= ticksAllowed) break;
    waiting.delete(expire);
    expire();
  }
  if (waiting.size > 0) return;
  clearInterval(ticker);
  ticker = undefined;
}

/** Calls `expire` after {@link bodyDeadlineMs}, or up to a second later, unless {@link stopDeadline} comes first. */
export function startDeadline(expire: () => void): void {
  waiting.set(expire, now);
  ticker ??= setInterval(tick, tickMs);
}

export function stopDeadline(expire: () => void): void {
  waiting.delete(expire);
}
