/** A clock that stands still until it is told to go on. */
export interface VirtualClock {
  now(): number;
  setTimeout(callback: () => void, delayMs: number): () => void;
  /** Goes on by so many milliseconds, calling what is due on the way, in order. */
  advance(ms: number): void;
  /** Goes on to a time; one that has passed changes nothing. */
  advanceTo(timeMs: number): void;
}

/**
 * A virtual clock: hand its `now` to whatever takes one, and hours pass in no time.
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
