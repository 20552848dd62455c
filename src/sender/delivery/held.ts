import type { EndpointRecord } from '../records.js';
import type { HeldExpiry } from '../stores/store.js';

/** Our choice: the minimum time between the notification and the first drop, however much is held. */
const minNoticeMs = 3_600_000;
/** Our choice: the time between the notification and a drop because of age. */
const maxNoticeMs = 7 * 86_400_000;

/** Returns how long before the end of a held delivery its owner is notified: a week, or half of a shorter retention. */
export function heldNoticeMs(heldMs: number): number {
  return Math.min(maxNoticeMs, heldMs / 2);
}

/**
 * Decides on a held delivery that is due to be dropped at `dueAtMs`. Its owner is notified first: once when the first
 * drop is near, again if that date moves closer, and once after the first drop.
 */
export function expireHeld(endpoint: EndpointRecord, dueAtMs: number, nowMs: number): HeldExpiry {
  const { heldExpiresAtMs, heldDroppedAtMs } = endpoint;
  const earliestMs = Math.ceil(Math.max(dueAtMs, nowMs + minNoticeMs));
  if (heldExpiresAtMs === null || earliestMs < heldExpiresAtMs) {
    return {
      endpoint: { ...endpoint, heldExpiresAtMs: earliestMs, heldNotificationPending: true },
      isDropped: false,
    };
  }
  if (nowMs < heldExpiresAtMs || nowMs < dueAtMs) return { endpoint, isDropped: false };
  if (heldDroppedAtMs !== null) return { endpoint, isDropped: true };
  return {
    endpoint: { ...endpoint, heldDroppedAtMs: nowMs, heldNotificationPending: true },
    isDropped: true,
  };
}
