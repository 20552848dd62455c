import type { EventEnvelope } from './types.js';

/** The `timestamp` and `id` of the last event that you applied to a resource, as received or from a database. */
export interface SeenEvent {
  readonly timestamp: string | Date;
  readonly id: string;
}

function instant(timestamp: string | Date): number {
  const ms = new Date(timestamp).getTime();
  if (Number.isNaN(ms)) throw new TypeError('isNewer: a timestamp is not an ISO 8601 time.');
  return ms;
}

/**
 * Tells whether an event happened after the last one that you applied to **the same resource**, such as a site.
 * Events can arrive out of order, because a failed one is retried minutes or hours later (contract section 4). An
 * event that is not newer must not overwrite newer state.
 *
 * It compares the signed timestamps, and the ids of two events in the same millisecond, so that every process makes the same decision in
 * any order of arrival. A repeated event is not newer than itself.
 *
 * It stores nothing, and other processes can write between your check and your write. If several processes write, let
 * the database compare in the same statement (docs/ordering.md).
 *
 * @param lastSeen - Undefined or null for the first event, which is always newer.
 * @throws `TypeError` for a timestamp that is not an ISO 8601 time.
 *
 * @example
 * receiver.on('site.status_changed', async (event) => {
 *   const site = await load(event.data.site_id);
 *   if (!isNewer(event, site.lastSeen)) return;
 *   await save({ ...site, status: event.data.status, lastSeen: { timestamp: event.timestamp, id: event.id } });
 * });
 */
export function isNewer(
  event: Pick<EventEnvelope<string, unknown>, 'timestamp' | 'id'>,
  lastSeen: SeenEvent | null | undefined,
): boolean {
  if (lastSeen === null || lastSeen === undefined) return true;
  const difference = instant(event.timestamp) - instant(lastSeen.timestamp);
  return difference === 0 ? event.id > lastSeen.id : difference > 0;
}
