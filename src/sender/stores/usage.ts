import type { RetentionClass } from '../records.js';
import type { PruneRule } from './store.js';

/** How much an account has of one class. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

const none: Amount = { count: 0, bytes: 0 };

/** The part of an amount at which owners are warned that held deliveries will be dropped. */
const warningRatio = 0.75;

/** Whether an account has more than the given part of what the rule allows. */
export function exceeds({ count, bytes }: Amount, rule: PruneRule, ratio = 1): boolean {
  return count > rule.deliveries * ratio || bytes > rule.bytes * ratio;
}

/** When a held delivery is due to be dropped, for its age or for what its account holds; undefined if not soon. */
export function heldDueAtMs(createdAtMs: number, held: Amount, rule: PruneRule): number | undefined {
  const { nowMs, heldMs, heldNoticeMs } = rule;
  if (exceeds(held, rule)) return nowMs;
  // A millisecond from now: near, and not due.
  if (exceeds(held, rule, warningRatio)) return Math.min(createdAtMs + heldMs, nowMs + 1);
  return createdAtMs + heldMs - heldNoticeMs <= nowMs ? createdAtMs + heldMs : undefined;
}

/** Counts what each account has of each class. */
export interface Usage {
  add(accountId: string, of: RetentionClass, bytes: number): void;
  subtract(accountId: string, of: RetentionClass, bytes: number): void;
  get(accountId: string, of: RetentionClass): Amount;
}

export function createUsage(): Usage {
  const amounts: Record<RetentionClass, Map<string, Amount>> = {
    ended: new Map(),
    held: new Map(),
    unheard: new Map(),
  };
  const get = (accountId: string, of: RetentionClass): Amount => amounts[of].get(accountId) ?? none;
  return {
    get,
    add(accountId, of, bytes) {
      const { count, bytes: before } = get(accountId, of);
      amounts[of].set(accountId, { count: count + 1, bytes: before + bytes });
    },
    subtract(accountId, of, bytes) {
      const { count, bytes: before } = get(accountId, of);
      if (count === 1) amounts[of].delete(accountId);
      else amounts[of].set(accountId, { count: count - 1, bytes: before - bytes });
    },
  };
}
