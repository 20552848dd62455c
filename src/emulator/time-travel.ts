import type { SenderStore } from '../sender/stores/store.js';
import type { Activity } from './activity.js';
import type { AdjustableClock } from './clock.js';
import type { EmulatorClock } from './types.js';

/** Creates the controls of an emulator's clock. The clock moves only while nothing is in flight or due. */
export function createTimeTravel(
  clock: AdjustableClock,
  store: Pick<SenderStore, 'nextAlarmMs'>,
  activity: Activity,
): EmulatorClock {
  const nextRetryAtMs = (): Promise<number | undefined> => store.nextAlarmMs(clock.now());

  async function jumpToNextRetry(): Promise<boolean> {
    await activity.quiet();
    const nextMs = await nextRetryAtMs();
    if (nextMs === undefined) return false;
    clock.advanceTo(nextMs);
    await activity.quiet();
    return true;
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
    nextRetryAtMs,
    jumpToNextRetry,
    async runToEnd() {
      while (await jumpToNextRetry());
    },
  };
}
