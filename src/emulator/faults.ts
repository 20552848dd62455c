import type { Fault, FaultKind, Faults } from './types.js';

/** Every kind of fault. */
export const faultKinds: readonly FaultKind[] = [
  'duplicate',
  'delay',
  'reorder',
  'tamper',
  'stale',
  'truncate',
  'old-secret',
];

const maxCount = 1_000;

/** The faults that wait for attempts. Each attempt takes one. */
export class FaultList implements Faults {
  private readonly remaining = new Map<FaultKind, number>();

  add(kind: FaultKind, count = 1): void {
    if (!faultKinds.includes(kind)) {
      throw new TypeError(`${JSON.stringify(kind)} is not a kind of fault. Known: ${faultKinds.join(', ')}.`);
    }
    if (!(Number.isInteger(count) && count >= 1 && count <= maxCount)) {
      throw new TypeError(`The count of a fault must be a whole number from 1 to ${maxCount}.`);
    }
    this.remaining.set(kind, Math.min(maxCount, (this.remaining.get(kind) ?? 0) + count));
  }

  list(): readonly Fault[] {
    return [...this.remaining].map(([kind, remaining]) => ({ kind, remaining }));
  }

  clear(): void {
    this.remaining.clear();
  }

  /** Takes the fault of the next attempt; undefined if none waits. */
  take(): FaultKind | undefined {
    for (const [kind, remaining] of this.remaining) {
      if (remaining === 1) this.remaining.delete(kind);
      else this.remaining.set(kind, remaining - 1);
      return kind;
    }
    return undefined;
  }
}
