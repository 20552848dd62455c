import type { RetentionClass } from '../records.js';
import type { PruneRule } from './store.js';

/** The amount that an account has of one class. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

const none: Amount = { count: 0, bytes: 0 };

/** The fraction of the limit above which owners are warned that held deliveries will be dropped. */
const warningRatio = 0.75;

/** Whether an amount exceeds a fraction of the limits of the rule. */
export function exceeds({ count, bytes }: Amount, rule: PruneRule, ratio = 1): boolean {
  return count > rule.deliveries * ratio || bytes > rule.bytes * ratio;
}

/**
 * Returns the time at which a held delivery is due to be dropped, because of its age or because its account has too
 * much; undefined if that is not soon.
 */
export function heldDueAtMs(createdAtMs: number, held: Amount, rule: PruneRule): number | undefined {
  const { nowMs, heldMs, heldNoticeMs } = rule;
  if (exceeds(held, rule)) return nowMs;
  // Not due yet, but soon enough for a warning.
  if (exceeds(held, rule, warningRatio)) return Math.min(createdAtMs + heldMs, nowMs + 1);
  return createdAtMs + heldMs - heldNoticeMs <= nowMs ? createdAtMs + heldMs : undefined;
}

/** Counts the amount that each account has of each class. */
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
