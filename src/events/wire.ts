import type { WebhookEvent } from './types.js';

/** The event as it stands on the wire: an unknown event has its own name there. */
export function toWire(event: WebhookEvent): unknown {
  if (event.event !== 'unknown') return event;
  const { type, ...rest } = event;
  return { ...rest, event: type };
}
