/** The clock of a sender. Everything that the sender waits for, it waits for on this clock. */
export interface Clock {
  /** Returns the wall time in milliseconds since 1970. It may be set forward and back while the sender runs. */
  now(): number;
  /**
   * Returns milliseconds that only increase, from any starting point. With them, the sender detects that `now` was set.
   * @default `performance.now`; on a clock with `advanceTo`, `now`
   */
  monotonic?(): number;
  /**
   * Returns the time that requests and events carry, in milliseconds since 1970. Only for a clock that is not the
   * receivers': they check timestamps by their own.
   * @default `now`
   */
  timestamp?(): number;
  /**
   * Calls back once after a delay in milliseconds, even if `now` is set meanwhile. Returns a function that cancels the
   * call.
   */
  setTimeout(callback: () => void, delayMs: number): () => void;
  /**
   * Only on a virtual clock: moves `now` forward to a time and runs each callback that becomes due until then.
   * See `createVirtualClock` of `@hostwares/webhooks/testing`.
   */
  advanceTo?(timeMs: number): void;
}

/** The longest delay of a Node timer; a longer one would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** The clock of the machine. Its timers do not keep the process alive: pending work is in the store. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, delayMs) {
    const timer = setTimeout(callback, Math.min(delayMs, maxTimerMs));
    (timer as { unref?: () => void }).unref?.();
    return () => {
      clearTimeout(timer);
    };
  },
};
