import type { SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';

/**
 * Brings due times and leases forward after the wall clock was set back, so that a retry still comes after its
 * interval. A store that is shared with other processes is left alone: its time is not this machine's.
 */
export interface Rebase {
  /** Does what is left to do. What failed is gone on with by the next call. */
  run(): Promise<void>;
  /** At the start: the clock may have been set back since the store was last written. */
  runAtStart(): Promise<void>;
}

export function createRebase(
  store: Pick<SenderStore, 'rebase' | 'exclusive' | 'listDeliveries'>,
  time: Time,
): Rebase {
  let running: Promise<void> | undefined;
  let step: { readonly nowMs: number; readonly byMs: number; readonly position?: number } | undefined;

  async function work(): Promise<void> {
    for (;;) {
      const byMs = step ? 0 : time.takeSetBack();
      if (byMs > 0) step = { nowMs: time.now(), byMs };
      if (!step || !store.exclusive) return;
      const position = await store.rebase(step);
      step = position === undefined ? undefined : { ...step, position };
    }
  }

  function run(): Promise<void> {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  }

  return {
    run,
    async runAtStart() {
      const nowMs = time.now();
      const { items } = store.exclusive ? await store.listDeliveries({ limit: 1 }) : { items: [] };
      const sinceLastMs = (items[0]?.createdAtMs ?? 0) - nowMs;
      const byMs = Math.max(time.takeSetBack(), sinceLastMs);
      if (byMs >= 1_000) step = { nowMs, byMs };
      await run();
    },
  };
}
