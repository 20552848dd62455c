/** Time as the sender sees it. Everything that waits for retries waits on this. */
export interface Clock {
  /** Milliseconds since 1970. May be set forward and back while the sender runs. */
  now(): number;
  /**
   * Milliseconds since some moment, which only ever go forward. Tells the sender when `now` was set.
   * @default `performance.now`; on a clock with `advanceTo`, `now`
   */
  monotonic?(): number;
  /** Calls back once, after so many milliseconds, whatever happens to `now`. Returns what cancels it. */
  setTimeout(callback: () => void, delayMs: number): () => void;
  /**
   * Only on a virtual clock: goes on to a time at once, calling what is due on the way.
   * See `createVirtualClock` in `@hostwares/webhooks/testing`.
   */
  advanceTo?(timeMs: number): void;
}

// What timers can hold; beyond it they fire at once.
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own clock. Its timers do not keep the process alive: what is waited for is in the store. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, Math.min(delayMs, longestTimerMs));
    (timer as { unref?: () => void }).unref?.();
    return () => {
      clearTimeout(timer);
    };
  },
};
