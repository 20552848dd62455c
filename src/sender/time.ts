import type { Clock } from './clock.js';

/** Smaller changes between the wall clock and the monotonic one are drift, and no step. */
const leastStepMs = 1_000;
/** How often a step is looked for when nothing else reads the clock. */
const watchMs = 5_000;
/** A step forward is trusted for deletions by age once it has lasted so long. */
const trustAfterMs = 86_400_000;

/** The two clocks of the sender. Due times and records have wall time; waits, deadlines and leases do not depend on it. */
export interface Time {
  /** Wall time, in whole milliseconds. Notices a step since it was last read. */
  now(): number;
  /** Only ever goes forward. */
  monotonic(): number;
  setTimeout(callback: () => void, delayMs: number): () => void;
  /** How far the wall clock was set back since `takeSetBack`; 0 if it was not. */
  readonly setBackMs: number;
  /** The same, and begins anew. */
  takeSetBack(): number;
  /**
   * Wall time that trusts a step forward only after a day: for what is deleted by age. A clock that was wrong for a
   * while must not delete anything.
   */
  cautiousNow(): number;
  /** Calls back every few seconds and when a step was noticed, until it is cancelled. */
  watch(callback: () => void): () => void;
}

export function createTime(clock: Clock): Time {
  const isSteppable = clock.monotonic !== undefined || clock.advanceTo === undefined;
  const monotonic = (): number => {
    if (clock.monotonic) return clock.monotonic();
    return isSteppable ? performance.now() : clock.now();
  };
  let offsetMs = clock.now() - monotonic();
  let setBackMs = 0;
  let watcher: (() => void) | undefined;
  /** Offsets as they were at most one day ago, and before that. */
  const trusted = { offsetMs, beforeMs: offsetMs, sampledAtMs: monotonic() };

  function noticeStep(): void {
    if (watcher) queueMicrotask(watcher);
  }

  function read(): number {
    const nowMs = clock.now();
    const changedMs = nowMs - monotonic() - offsetMs;
    offsetMs += changedMs;
    if (changedMs <= -leastStepMs) setBackMs -= changedMs;
    if (Math.abs(changedMs) >= leastStepMs) noticeStep();
    return Math.floor(nowMs);
  }

  return {
    now: read,
    monotonic,
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
      const nowMs = read();
      const monotonicMs = nowMs - offsetMs;
      if (monotonicMs - trusted.sampledAtMs >= trustAfterMs) {
        trusted.beforeMs = trusted.offsetMs;
        trusted.offsetMs = offsetMs;
        trusted.sampledAtMs = monotonicMs;
      }
      return Math.floor(monotonicMs + Math.min(offsetMs, trusted.offsetMs, trusted.beforeMs));
    },
    watch(callback) {
      if (!isSteppable) return () => undefined;
      watcher = callback;
      let cancel: () => void = () => undefined;
      const tick = (): void => {
        cancel = clock.setTimeout(tick, watchMs);
        callback();
      };
      cancel = clock.setTimeout(tick, watchMs);
      return () => {
        watcher = undefined;
        cancel();
      };
    },
  };
}
