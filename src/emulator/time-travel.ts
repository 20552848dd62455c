import { createSerialExecutor } from '../sender/serial-executor.js';
import type { Activity } from './activity.js';
import type { AdjustableClock } from './clock.js';
import type { EmulatorClock } from './types.js';

/**
 * Creates the controls of an emulator's clock. The clock moves only while nothing is in flight or due.
 *
 * @param stopping - Ends the waiting calls: they reject with its reason.
 */
export function createTimeTravel(
  clock: AdjustableClock,
  activity: Activity,
  stopping: AbortSignal,
): EmulatorClock {
  /** Two calls at the same time are two jumps. */
  const inOrder = createSerialExecutor();

  /** Jumps until something was sent. A delivery to a disabled endpoint is held when it is due, and nothing is sent. */
  async function jump(): Promise<boolean> {
    for (;;) {
      const dueMs = await activity.quiet(stopping);
      if (dueMs === undefined) return false;
      const begunBefore = activity.attemptsBegun;
      clock.advanceTo(dueMs);
      await activity.quiet(stopping);
      if (activity.attemptsBegun > begunBefore) return true;
    }
  }

  return {
    now: () => clock.now(),
    get isPaused() {
      return clock.isPaused;
    },
    pause() {
      clock.pause();
    },
    resume() {
      clock.resume();
    },
    nextRetryAtMs: () => activity.nextDueMs(),
    jumpToNextRetry: () => inOrder(jump),
    runToEnd: () =>
      inOrder(async () => {
        while (await jump());
      }),
  };
}
