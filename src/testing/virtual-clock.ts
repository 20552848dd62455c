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
 * A virtual clock for `createSender`: with it the whole retry contract, 2 h 36 min of it, takes
 * milliseconds.
 *
 * @param startMs - Milliseconds since 1970. @default 2026-01-31T08:00:00Z
 *
 * @example
 * const clock = createVirtualClock();
 * const sender = createSender({ store: createMemoryStore(), clock, transport });
 * await sender.publish(sampleEvent('deployment.failed'));
 * await sender.runUntilIdle();
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
