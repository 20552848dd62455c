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

  /** Whether due times have yet to follow a clock that was set back. */
  isPending(): boolean {
    // Reading the clock detects a step.
    this.time.now();
    return this.progress !== undefined || this.time.setBackMs > 0;
  }

  /** Completes the pending rebase, if there is one. The next call continues after a failed step. */
  run(): Promise<void> {
    this.running ??= this.complete().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  /** Detects a step since the store was last written, unless a start that failed has left a rebase pending. */
  async runAtStart(): Promise<void> {
    if (!this.progress) await this.detectStep();
    await this.run();
  }

  /** A clock that was set back shows in the newest delivery, which is in the future. */
  private async detectStep(): Promise<void> {
    const nowMs = this.time.now();
    const { items } = this.store.exclusive ? await this.store.listDeliveries({ limit: 1 }) : { items: [] };
    const aheadMs = (items[0]?.createdAtMs ?? 0) - nowMs;
    const byMs = Math.max(this.time.takeSetBack(), aheadMs);
    if (byMs >= minSetBackAtStartMs) this.progress = { nowMs, byMs };
  }

  private async complete(): Promise<void> {
    for (;;) {
      const byMs = this.progress ? 0 : this.time.takeSetBack();
      if (byMs > 0) this.progress = { nowMs: this.time.now(), byMs };
      const { progress, store } = this;
      if (!progress) return;
      const position = store.exclusive ? await store.rebase(progress) : undefined;
      this.progress = position === undefined ? undefined : { ...progress, position };
    }
  }
}
