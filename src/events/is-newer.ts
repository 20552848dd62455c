import type { EventEnvelope } from './types.js';

/** What you have kept of the last event that you used for a thing: its `timestamp` and `id`, as they were or from a database. */
export interface SeenEvent {
  readonly timestamp: string | Date;
  readonly id: string;
}

function instant(timestamp: string | Date): number {
  const ms = new Date(timestamp).getTime();
  if (Number.isNaN(ms)) throw new TypeError('isNewer: a timestamp is not a time in ISO 8601.');
  return ms;
}

/**
 * Whether an event happened after the last one that you have seen **of the same thing**, a site, say. Events can
 * arrive in another order than they happened in, since one that failed comes again minutes or hours later (contract
 * section 4): what is not newer must not overwrite what you know.
 *
 * It compares the signed timestamps, and of two in the same millisecond the ids, so that every process decides alike
 * whatever the order of arrival. The same event again is not newer.
 *
 * It does **not** keep anything, and a check followed by a write lets others in between: have the database compare
 * in the same statement where several processes write (docs/ordering.md).
 *
 * @param lastSeen - Nothing at first: then the event is newer.
 * @throws `TypeError` for a timestamp that is no time.
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
