import type { Clock } from './clock.js';

/** A smaller change between the wall clock and the monotonic one is drift, not a step. */
const minStepMs = 1_000;
/** How often the wall clock is compared with the monotonic one when nothing else reads it. */
const watchIntervalMs = 5_000;
/** A step forward is trusted for deletions by age once it has lasted this long. */
const trustAfterMs = 86_400_000;

/** The two clocks of a sender. Records and due times hold wall time; waits, deadlines and leases do not depend on it. */
export interface Time {
  /** Wall time, in whole milliseconds. Notices a step since it was last read. */
  now(): number;
  /** Milliseconds that only increase. */
  monotonic(): number;
  /** The time that requests and events carry, in whole milliseconds. */
  timestamp(): number;
  setTimeout(callback: () => void, delayMs: number): () => void;
  /** How far the wall clock was set back since the last `takeSetBack`, in milliseconds; 0 if it was not. */
  readonly setBackMs: number;
  /** Returns `setBackMs` and resets it. */
  takeSetBack(): number;
  /**
   * Wall time that trusts a step forward only after a day. Deletions by age use it, so that a clock that is wrong for
   * a while deletes nothing.
   */
  cautiousNow(): number;
  /** Calls back every few seconds and after a step. Returns a function that ends it. One watcher at a time. */
  watch(callback: () => void): () => void;
}

/**
 * Tracks the offset between wall clock and monotonic clock that deletions may rely on: the least of the present one and
 * of two samples that are taken a day apart.
 */
function createTrustedOffset(
  offsetMs: number,
  monotonicMs: number,
): (offsetMs: number, monotonicMs: number) => number {
  let lastMs = offsetMs;
  let previousMs = offsetMs;
  let sampledAtMs = monotonicMs;
  return (currentMs, nowMs) => {
    if (nowMs - sampledAtMs >= trustAfterMs) {
      previousMs = lastMs;
      lastMs = currentMs;
      sampledAtMs = nowMs;
    }
    return Math.min(currentMs, lastMs, previousMs);
  };
}

/** Repeats a callback until the returned function is called. */
function repeat(clock: Clock, intervalMs: number, callback: () => void): () => void {
  const tick = (): void => {
    cancel = clock.setTimeout(tick, intervalMs);
    callback();
  };
  let cancel = clock.setTimeout(tick, intervalMs);
  return () => {
    cancel();
  };
}

export function createTime(clock: Clock): Time {
  // The wall time of a virtual clock takes no steps, so it serves as monotonic time too.
  const canStep = clock.monotonic !== undefined || clock.advanceTo === undefined;
  const monotonic = (): number => clock.monotonic?.() ?? (canStep ? performance.now() : clock.now());
  let offsetMs = clock.now() - monotonic();
  const trustedOffset = createTrustedOffset(offsetMs, monotonic());
  let setBackMs = 0;
  let watcher: (() => void) | undefined;

  function now(): number {
    const nowMs = clock.now();
    const changedMs = nowMs - monotonic() - offsetMs;
    offsetMs += changedMs;
    if (changedMs <= -minStepMs) setBackMs -= changedMs;
    // Deferred, so that the watcher does not interrupt the code that reads the time.
    if (Math.abs(changedMs) >= minStepMs && watcher) queueMicrotask(watcher);
    return Math.floor(nowMs);
  }

  return {
    now,
    monotonic,
    timestamp: () => Math.floor(clock.timestamp?.() ?? now()),
    setTimeout: (callback, delayMs) => clock.setTimeout(callback, delayMs),
    get setBackMs() {
      return setBackMs;
    },
    takeSetBack() {
      const taken = setBackMs;
      setBackMs = 0;
      return taken;
    },
    cautiousNow() {
      const monotonicMs = now() - offsetMs;
      return Math.floor(monotonicMs + trustedOffset(offsetMs, monotonicMs));
    },
    watch(callback) {
      if (!canStep) return () => undefined;
      watcher = callback;
      const stop = repeat(clock, watchIntervalMs, callback);
      return () => {
        watcher = undefined;
        stop();
      };
    },
  };
}
