import type { EndpointRecord } from '../records.js';
import type { HeldExpiry } from '../stores/store.js';

/** Ours: the least time between the notice and the first drop, whatever the amount held. */
const leastNoticeMs = 3_600_000;
/** Ours: the time between the notice and a drop for age. */
const noticeMs = 7 * 86_400_000;

/** How long before the end of a held delivery its owner is notified: a week, or half of a shorter retention. */
export function heldNoticeMs(heldMs: number): number {
  return Math.min(noticeMs, heldMs / 2);
}

/**
 * Decides on a held delivery that is due to be dropped at `dueAtMs`. The owner is notified first: once when the first
 * drop is near, again if it comes nearer, and once when it has happened.
 */
export function expireHeld(endpoint: EndpointRecord, dueAtMs: number, nowMs: number): HeldExpiry {
  const { heldExpiresAtMs, heldDroppedAtMs } = endpoint;
  const earliestMs = Math.ceil(Math.max(dueAtMs, nowMs + leastNoticeMs));
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
