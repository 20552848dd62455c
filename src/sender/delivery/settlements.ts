import type { Change, Rows, Transition } from '../records.js';
import type { SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';

/** What an attempt changes, given the time at which it is written down. */
export type TimedTransition = (rows: Rows, nowMs: number) => Change | undefined;

interface Settlement {
  readonly deliveryId: string;
  readonly change: Transition;
  /** When it is written down. */
  nowMs: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes the ends of attempts down, those of one turn of the event loop together. If that fails, each is written by
 * itself: one that cannot be written fails alone.
 *
 * @param rebase - Brings the due times in the store in line with a clock that was set back.
 */
export function createSettlements(
  store: Pick<SenderStore, 'settle'>,
  time: Time,
  rebase: () => Promise<void>,
): (deliveryId: string, change: TimedTransition) => Promise<void> {
  let waiting: Settlement[] = [];

  function hasSetBack(): boolean {
    time.now();
    return time.setBackMs > 0;
  }

  async function write(batch: readonly Settlement[]): Promise<void> {
    const nowMs = time.now();
    for (const each of batch) each.nowMs = nowMs;
    await store.settle(batch);
    for (const { resolve } of batch) resolve();
  }

  async function writeEach(batch: readonly Settlement[]): Promise<void> {
    for (const each of batch) await write([each]).catch(each.reject);
  }

  async function flush(): Promise<void> {
    // No due time of the new clock is written while those of the old one are being brought forward. If that
    // fails, the poll that does it again reports it.
    if (hasSetBack()) await rebase().catch(() => undefined);
    const batch = waiting;
    waiting = [];
    await write(batch).catch((error: unknown) => {
      if (batch.length > 1) return writeEach(batch);
      batch[0]?.reject(error);
      return undefined;
    });
  }

  return (deliveryId, change) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) setImmediate(() => void flush());
      const settlement: Settlement = {
        deliveryId,
        nowMs: 0,
        change: (rows) => change(rows, settlement.nowMs),
        resolve,
        reject,
      };
      waiting.push(settlement);
    });
}
