import type { DeliveryRecord } from '../sender/records.js';
import type { DeliveryChange } from './types.js';

/** Knows which deliveries are being attempted or due, so that the clock does not move while something happens. */
export class Activity {
  /** The due time of each delivery that is scheduled or being attempted. An attempt counts as due. */
  private readonly dueAtMs = new Map<string, number>();
  private readonly waiting = new Set<() => void>();

  constructor(private readonly now: () => number) {}

  /** Takes note of a change. */
  update({ delivery }: DeliveryChange): void {
    const dueAtMs = dueTimeOf(delivery);
    if (dueAtMs === undefined) this.dueAtMs.delete(delivery.id);
    else this.dueAtMs.set(delivery.id, dueAtMs);
    if (!this.isQuiet()) return;
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }

  /** Resolves when nothing is in flight and nothing is due. */
  async quiet(): Promise<void> {
    while (!this.isQuiet()) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  private isQuiet(): boolean {
    const nowMs = this.now();
    for (const dueAtMs of this.dueAtMs.values()) if (dueAtMs <= nowMs) return false;
    return true;
  }
}

function dueTimeOf({ status, dueAtMs }: DeliveryRecord): number | undefined {
  if (status === 'attempting') return -Infinity;
  return status === 'scheduled' ? (dueAtMs ?? undefined) : undefined;
}
