import type { WebhookEvent } from './types.js';

/** Returns an event in its wire format, in which an unknown event has its own name. */
export function toWire(event: WebhookEvent): unknown {
  if (event.event !== 'unknown') return event;
  const { type, ...rest } = event;
  return { ...rest, event: type };
}
