import type { SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';

/** A rebase under way, and the position of its next step. */
interface Progress {
  readonly nowMs: number;
  readonly byMs: number;
  readonly position?: number;
}

/** Smaller differences at the start are clock drift. */
const minSetBackAtStartMs = 1_000;

/**
 * Brings due times and leases forward after the wall clock was set back, so that each retry still follows its
 * interval. Leaves a store that is shared with other processes alone: its time is not this machine's.
 */
export class Rebase {
  private running: Promise<void> | undefined;
  private progress: Progress | undefined;

  constructor(
    private readonly store: Pick<SenderStore, 'rebase' | 'exclusive' | 'listDeliveries'>,
    private readonly time: Time,
  ) {}

  /** Completes the pending rebase, if there is one. The next call continues after a failed step. */
  run(): Promise<void> {
    this.running ??= this.complete().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Detects a clock that was set back since the store was last written: its newest delivery is in the future. */
  async runAtStart(): Promise<void> {
    const nowMs = this.time.now();
    const { items } = this.store.exclusive ? await this.store.listDeliveries({ limit: 1 }) : { items: [] };
    const aheadMs = (items[0]?.createdAtMs ?? 0) - nowMs;
    const byMs = Math.max(this.time.takeSetBack(), aheadMs);
    if (byMs >= minSetBackAtStartMs) this.progress = { nowMs, byMs };
    await this.run();
  }

  private async complete(): Promise<void> {
    for (;;) {
      const byMs = this.progress ? 0 : this.time.takeSetBack();
      if (byMs > 0) this.progress = { nowMs: this.time.now(), byMs };
      const { progress, store } = this;
      if (!progress || !store.exclusive) return;
      const position = await store.rebase(progress);
      this.progress = position === undefined ? undefined : { ...progress, position };
    }
  }
}
