import type { SenderStore } from '../sender/stores/store.js';
import type { DeliveryChange } from './types.js';

/** Knows whether anything is in flight or due, so that the clock does not move while something happens. */
export class Activity {
  /** The end of the lease of each delivery that is being attempted. */
  private readonly leases = new Map<string, number>();
  private readonly waiting = new Set<() => void>();
  private changes = 0;
  private begun = 0;

  constructor(
    private readonly store: Pick<SenderStore, 'nextAlarmMs'>,
    private readonly now: () => number,
  ) {}

  /** How many attempts have begun so far. */
  get attemptsBegun(): number {
    return this.begun;
  }

  /** Takes note of a change. */
  update({ delivery, attempt }: DeliveryChange): void {
    this.changes += 1;
    if (delivery.status === 'attempting') {
      this.leases.set(delivery.id, delivery.leaseUntilMs ?? 0);
      if (attempt?.outcome === 'pending') this.begun += 1;
    } else {
      this.leases.delete(delivery.id);
    }
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /**
   * Resolves when nothing is in flight and nothing is due, to the time at which the next delivery is due; undefined if
   * none is scheduled.
   *
   * @throws the signal's reason
   */
  async quiet(signal: AbortSignal): Promise<number | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const { changes } = this;
      // Asked for, not counted: a database may have been opened with deliveries that are due.
      const firstMs = await this.nextDueMs();
      // After a change during the query, its result may be wrong.
      if (this.changes !== changes) continue;
      if (this.leases.size === 0 && (firstMs === undefined || firstMs > this.now())) return firstMs;
      await this.nextChange(signal);
    }
  }

  /**
   * The due time of the first delivery that is scheduled; undefined if none is. Not the first after now: a store reports
   * none behind a delivery that is due and waits.
   */
  async nextDueMs(): Promise<number | undefined> {
    const ends = new Set(this.leases.values());
    let nextMs = await this.store.nextAlarmMs(0);
    // The store's alarms include the ends of leases.
    while (nextMs !== undefined && ends.has(nextMs)) nextMs = await this.store.nextAlarmMs(nextMs);
    return nextMs;
  }

  private nextChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.waiting.delete(settle);
        signal.removeEventListener('abort', settle);
        resolve();
      };
      this.waiting.add(settle);
      signal.addEventListener('abort', settle);
    });
  }
}
