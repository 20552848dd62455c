import { classOf } from '../../records.js';
import type { PruneRule, PruneStep } from '../store.js';
import { exceeds, heldDueAtMs, type Usage } from '../usage.js';
import type { Deliveries } from './deliveries.js';
import type { Endpoints } from './endpoints.js';
import type { DeliveryEntry, EventEntry } from './entries.js';
import type { Events } from './events.js';
import type { IdempotencyKeys } from './idempotency-keys.js';

/** The most rows that one step of pruning examines. */
const maxVisitsPerStep = 1_000;

/** Decides on one row and forgets it if the rule says so. Returns whether it did. */
type Visit = (rule: PruneRule) => boolean;

interface RetentionParts {
  readonly endpoints: Endpoints;
  readonly events: Events;
  readonly deliveries: Deliveries;
  readonly keys: IdempotencyKeys;
  readonly usage: Usage;
}

type DeliveryParts = Pick<RetentionParts, 'endpoints' | 'usage'>;

/** Decides whether a held delivery is dropped, and updates its endpoint as the rule says. */
function expireHeld(
  { record }: DeliveryEntry,
  createdAtMs: number,
  rule: PruneRule,
  parts: DeliveryParts,
): boolean {
  const dueAtMs = heldDueAtMs(createdAtMs, parts.usage.get(record.accountId, 'held'), rule);
  if (dueAtMs === undefined) return false;
  const endpoint = parts.endpoints.get(record.endpointId);
  if (!endpoint) return true;
  const decision = rule.expireHeld(endpoint, dueAtMs);
  parts.endpoints.replace(decision.endpoint);
  return decision.isDropped;
}

/** Decides which deliveries are forgotten. */
function createDeliveryRule(parts: DeliveryParts): (entry: DeliveryEntry, rule: PruneRule) => boolean {
  /** The last position at which a delivery was too old. A delivery before it cannot be younger. */
  let expiredPosition = 0;

  return (entry, rule) => {
    const { record, position } = entry;
    const retentionClass = classOf(record);
    if (!retentionClass) return false;
    const beforeMs = retentionClass === 'held' ? rule.nowMs - rule.heldMs : rule.endedBeforeMs;
    const isExpired = record.createdAtMs < beforeMs;
    if (isExpired) expiredPosition = Math.max(expiredPosition, position);
    const isMisdated = record.createdAtMs > rule.nowMs && position < expiredPosition;
    if (retentionClass === 'held') return expireHeld(entry, isMisdated ? 0 : record.createdAtMs, rule, parts);
    return isExpired || isMisdated || exceeds(parts.usage.get(record.accountId, 'ended'), rule);
  };
}

/** Creates the function that takes one step of pruning. The next step continues where the last one stopped. */
export function createRetention(parts: RetentionParts): (rule: PruneRule) => PruneStep {
  const { events, deliveries, keys, usage } = parts;
  const isDeliveryForgotten = createDeliveryRule(parts);
  let pass: Iterator<Visit> | undefined;

  function pruneDelivery(entry: DeliveryEntry, rule: PruneRule): boolean {
    const isForgotten = isDeliveryForgotten(entry, rule);
    if (isForgotten) deliveries.forget(entry);
    return isForgotten;
  }

  function pruneUnheard(entry: EventEntry, rule: PruneRule): boolean {
    const { accountId, createdAtMs } = entry.record;
    const isForgotten = createdAtMs < rule.endedBeforeMs || exceeds(usage.get(accountId, 'unheard'), rule);
    if (isForgotten) events.remove(entry);
    return isForgotten;
  }

  /** Everything that can be forgotten, in the order of creation. */
  function* visits(): Generator<Visit> {
    for (const entry of deliveries.oldestFirst()) yield (rule) => pruneDelivery(entry, rule);
    for (const entry of events.unheard()) yield (rule) => pruneUnheard(entry, rule);
    for (const record of keys.all()) {
      yield (rule) => {
        const isForgotten = record.begunAtMs < rule.keysBeforeMs;
        if (isForgotten) keys.forget(record);
        return isForgotten;
      };
    }
  }

  return (rule) => {
    let forgotten = 0;
    for (let visited = 0; visited < maxVisitsPerStep && forgotten < rule.limit; visited += 1) {
      const next = (pass ??= visits()).next();
      if (next.done === true) {
        pass = undefined;
        return { forgotten, isComplete: true };
      }
      if (next.value(rule)) forgotten += 1;
    }
    return { forgotten, isComplete: false };
  };
}
