/** A clock that stands still until a test advances it. */
export interface VirtualClock {
  /** Returns the time in milliseconds since 1970. */
  now(): number;
  /** Calls back when the clock has advanced by the delay, in milliseconds. Returns a function that cancels the timer. */
  setTimeout(callback: () => void, delayMs: number): () => void;
  /** Advances the clock by milliseconds, and runs the timers that become due, in order. */
  advance(ms: number): void;
  /** Advances the clock to a time in milliseconds since 1970. A time in the past changes nothing. */
  advanceTo(timeMs: number): void;
}

/**
 * Creates a virtual clock. Pass its `now` as an option, and tests of hours take milliseconds.
 *
 * @param startMs - Milliseconds since 1970. Default 2026-01-31T08:00:00Z.
 *
 * @example
 * const clock = createVirtualClock();
 * const receiver = createReceiver({ secret, now: clock.now });
 * const request = await createSignedRequest('ping', { secret, now: clock.now });
 * clock.advance(301_000);
 * expect((await receiver.handle(request)).status).toBe(401); // timestamp_outside_tolerance
 */
export function createVirtualClock(startMs: number = Date.UTC(2026, 0, 31, 8)): VirtualClock {
  let nowMs = startMs;
  const timers = new Set<{ readonly atMs: number; readonly callback: () => void }>();

  function advanceTo(timeMs: number): void {
    for (;;) {
      const due = [...timers].filter(({ atMs }) => atMs <= timeMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!due) break;
      timers.delete(due);
      nowMs = Math.max(nowMs, due.atMs);
      due.callback();
    }
    nowMs = Math.max(nowMs, timeMs);
  }

  return {
    now: () => nowMs,
    setTimeout(callback, delayMs) {
      const timer = { atMs: nowMs + Math.max(0, delayMs), callback };
      timers.add(timer);
      return () => {
        timers.delete(timer);
      };
    },
    advance(ms) {
      advanceTo(nowMs + ms);
    },
    advanceTo,
  };
}
