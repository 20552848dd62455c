import { RequestContext } from './context.js';
import { parseEvent } from './events/parse.js';
import type { WebhookEvent } from './events/types.js';
import { toWire } from './events/wire.js';
import type { HandlerRegistry } from './handlers.js';

/** What is known of an event that comes from a queue. */
export interface DispatchOptions {
  /** Which attempt it is, counted from 1: `context.attempt`. */
  attempt?: number | undefined;
  /** Fires when the queue takes the job back: `context.signal` fires, and handlers not yet begun are left out. */
  signal?: AbortSignal | undefined;
  /** `context.adapterContext`: the job, say. */
  adapterContext?: unknown;
}

/** Runs handlers on an event that was verified before. */
export async function dispatch(
  handlers: HandlerRegistry,
  applySchema: (event: WebhookEvent) => unknown,
  given: unknown,
  { attempt, signal, adapterContext }: DispatchOptions = {},
): Promise<void> {
  if (handlers.registrations.length === 0) {
    throw new TypeError('The receiver has no handlers: import the module that registers them.');
  }
  // Through the parser again: a queue holds whatever was put into it, also by a version of before that did not know
  // the type of the event.
  const isObject = typeof given === 'object' && given !== null;
  const event = parseEvent(JSON.stringify(isObject ? toWire(given as WebhookEvent) : null));
  const applied = await applySchema(event);
  const context = new RequestContext(adapterContext, undefined, attempt);
  const expire = (): void => {
    context.expire(signal?.reason);
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', expire);
  try {
    await handlers.run(event.event, applied, context);
    // Handlers may have been left out.
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', expire);
  }
}
