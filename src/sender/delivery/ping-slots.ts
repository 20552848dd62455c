import type { Time } from '../time.js';
import type { InFlight } from './in-flight.js';

/** Ends the wait of a ping: with a slot, or without one. */
type Waiter = (hasSlot: boolean) => void;

/** Gives slots to pings, and lets them wait if none is free. Accounts take turns. */
export class PingSlots {
  /** By account, in the order of their turns. The pings of an account are in the order of arrival. */
  private readonly waiting = new Map<string, Set<Waiter>>();
  private isPaused = false;

  constructor(
    private readonly inFlight: InFlight,
    private readonly time: Time,
  ) {}

  /**
   * Runs work in a slot. `hasSlot` is false if none became free within the time limit, or after {@link rejectAll}.
   */
  async run<Value>(
    ownerId: string,
    timeoutMs: number,
    work: (hasSlot: boolean) => Promise<Value>,
  ): Promise<Value> {
    const hasSlot = await this.acquire(ownerId, timeoutMs);
    try {
      return await work(hasSlot);
    } finally {
      if (hasSlot) this.release(ownerId);
    }
  }

  /** Admits waiting pings, one of each account per round, while slots are free. */
  admit(): void {
    while (this.admitOneEach());
  }

  /** Lets pings wait while a claim fills the free slots, so that no limit is exceeded. */
  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.admit();
  }

  rejectAll(): void {
    for (const waiters of [...this.waiting.values()]) for (const waiter of [...waiters]) waiter(false);
  }

  private acquire(ownerId: string, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.hasFreeSlot(ownerId)) {
        this.inFlight.acquire({ kind: 'ping', ownerId });
        resolve(true);
        return;
      }
      const waiter: Waiter = (hasSlot) => {
        cancelTimer();
        this.remove(ownerId, waiter);
        if (hasSlot) this.inFlight.acquire({ kind: 'ping', ownerId });
        resolve(hasSlot);
      };
      const cancelTimer = this.time.setTimeout(() => {
        waiter(false);
      }, timeoutMs);
      this.waiting.set(ownerId, (this.waiting.get(ownerId) ?? new Set()).add(waiter));
    });
  }

  private release(ownerId: string): void {
    this.inFlight.release({ kind: 'ping', ownerId });
    this.admit();
  }

  private hasFreeSlot(ownerId: string): boolean {
    return (
      !this.isPaused &&
      this.inFlight.capacity('first') > 0 &&
      this.inFlight.accountCapacity('first', ownerId) > 0
    );
  }

  /** Returns whether any ping was admitted. */
  private admitOneEach(): boolean {
    let hasAdmitted = false;
    for (const [ownerId, [waiter]] of [...this.waiting]) {
      if (!waiter || !this.hasFreeSlot(ownerId)) continue;
      waiter(true);
      this.moveToEnd(ownerId);
      hasAdmitted = true;
    }
    return hasAdmitted;
  }

  private moveToEnd(ownerId: string): void {
    const waiters = this.waiting.get(ownerId);
    if (!waiters) return;
    this.waiting.delete(ownerId);
    this.waiting.set(ownerId, waiters);
  }

  private remove(ownerId: string, waiter: Waiter): void {
    const waiters = this.waiting.get(ownerId);
    waiters?.delete(waiter);
    if (waiters?.size === 0) this.waiting.delete(ownerId);
  }
}
