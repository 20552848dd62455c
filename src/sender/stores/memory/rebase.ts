import type { RebaseRequest } from '../store.js';
import type { Deliveries } from './deliveries.js';

/** The most deliveries that one step examines. */
const deliveriesPerStep = 10_000;

/** Takes one step of `SenderStore.rebase`; returns the position of the next step, if there is one. */
export function rebaseStep(
  deliveries: Deliveries,
  { nowMs, byMs, position = 0 }: RebaseRequest,
): number | undefined {
  const bringForward = (timeMs: number | null): number | null =>
    timeMs !== null && timeMs > nowMs ? Math.max(nowMs, timeMs - byMs) : timeMs;
  let examined = 0;
  for (const entry of deliveries.oldestFirst(position)) {
    if (examined === deliveriesPerStep) return entry.position - 1;
    examined += 1;
    const { record } = entry;
    const dueAtMs = bringForward(record.dueAtMs);
    const leaseUntilMs = bringForward(record.leaseUntilMs);
    if (dueAtMs === record.dueAtMs && leaseUntilMs === record.leaseUntilMs) continue;
    deliveries.replace(entry, { ...record, dueAtMs, leaseUntilMs });
  }
  return undefined;
}
