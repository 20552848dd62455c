import type { SenderStore } from '../stores/store.js';
import type { Time } from '../time.js';

/**
 * Rings when the next delivery is due or the next lease expires. Due times are known when they are written, so the
 * store is asked only if no alarm is left.
 */
export class Alarm {
  private isEnabled = false;
  private dueAtMs: number | undefined;
  /** False if the store may have an earlier due time. */
  private isEarliest = false;
  private cancelTimer: () => void = () => undefined;

  constructor(
    private readonly store: Pick<SenderStore, 'nextAlarmMs'>,
    private readonly time: Time,
    private readonly ring: () => void,
  ) {}

  /** Before this call, no other call sets an alarm. */
  enable(): void {
    this.isEnabled = true;
  }

  disable(): void {
    this.isEnabled = false;
    this.clear();
  }

  /** Rings by `dueAtMs` at the latest. */
  ringBy(dueAtMs: number): void {
    if (!this.isEnabled || (this.dueAtMs !== undefined && this.dueAtMs <= dueAtMs)) return;
    this.cancelTimer();
    this.dueAtMs = dueAtMs;
    this.cancelTimer = this.time.setTimeout(
      () => {
        this.clear();
        this.ring();
      },
      Math.max(0, dueAtMs - this.time.now()),
    );
  }

  /** Finds the first due time after `nowMs`. Deliveries that are due already wait for capacity, not for an alarm. */
  async findNext(nowMs: number): Promise<void> {
    if (this.isPast(nowMs)) this.clear();
    if (this.dueAtMs !== undefined && this.isEarliest) return;
    const nextMs = await this.store.nextAlarmMs(nowMs);
    this.isEarliest = true;
    if (nextMs !== undefined) this.ringBy(nextMs);
  }

  /** Rings by `dueAtMs` at the latest, and lets the next `findNext` ask the store. */
  retryBy(dueAtMs: number): void {
    this.askAgain();
    this.ringBy(dueAtMs);
  }

  /** Lets the next `findNext` ask the store: claiming a retry uncovers the due time of the one behind it. */
  askAgain(): void {
    this.isEarliest = false;
  }

  clear(): void {
    this.cancelTimer();
    this.dueAtMs = undefined;
    this.isEarliest = false;
  }

  isPast(nowMs: number): boolean {
    return this.dueAtMs !== undefined && this.dueAtMs <= nowMs;
  }
}
