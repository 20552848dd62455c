import type { Change, Rows, Transition } from '../records.js';
import type { SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';
import type { Rebase } from './rebase.js';

/** A transition that is given the time at which it is written. */
export type TimedTransition = (rows: Rows, nowMs: number) => Change | undefined;

interface Settlement {
  readonly deliveryId: string;
  readonly change: Transition;
  /** Set when the settlement is written. */
  nowMs: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes the settlements of one turn of the event loop together. If that fails, it writes each one alone, so that
 * only those that cannot be written are rejected.
 */
export class Settlements {
  private waiting: Settlement[] = [];

  constructor(
    private readonly store: Pick<SenderStore, 'settle'>,
    private readonly time: Time,
    private readonly rebase: Rebase,
  ) {}

  /** Resolves once the change is stored. */
  write(deliveryId: string, change: TimedTransition): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.waiting.length === 0) setImmediate(() => void this.flush());
      const settlement: Settlement = {
        deliveryId,
        nowMs: 0,
        change: (rows) => change(rows, settlement.nowMs),
        resolve,
        reject,
      };
      this.waiting.push(settlement);
    });
  }

  private async flush(): Promise<void> {
    // A due time by the new clock must not be written while due times by the old one are being rebased. If the
    // rebase fails, the next poll repeats it and reports the error.
    if (this.rebase.isPending()) await this.rebase.run().catch(() => undefined);
    const batch = this.waiting;
    this.waiting = [];
    await this.writeBatch(batch).catch((error: unknown) => {
      if (batch.length > 1) return this.writeEach(batch);
      batch[0]?.reject(error);
      return undefined;
    });
  }

  private async writeBatch(batch: readonly Settlement[]): Promise<void> {
    const nowMs = this.time.now();
    for (const each of batch) each.nowMs = nowMs;
    await this.store.settle(batch);
    for (const { resolve } of batch) resolve();
  }

  private async writeEach(batch: readonly Settlement[]): Promise<void> {
    for (const each of batch) await this.writeBatch([each]).catch(each.reject);
  }
}
