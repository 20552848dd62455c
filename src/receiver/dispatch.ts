import { RequestContext } from './context.js';
import { parseEvent } from '../events/parse.js';
import type { WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import type { HandlerRegistry } from './handlers.js';
import { isUnhandled } from './registration.js';
import type { DispatchOptions } from './types.js';

/** Runs handlers on an event that was verified before. */
export async function dispatch(
  handlers: HandlerRegistry,
  applySchema: (event: WebhookEvent) => unknown,
  given: unknown,
  { attempt, signal, adapterContext }: DispatchOptions = {},
): Promise<void> {
  if (isUnhandled(handlers.registrations)) {
    throw new TypeError('The receiver has no handlers: register them where it is created.');
  }
  // Parsed again: a queue holds whatever was put into it, perhaps by an older version that did not know the type.
  const isObject = typeof given === 'object' && given !== null;
  const event = parseEvent(JSON.stringify(isObject ? toWire(given as WebhookEvent) : null));
  const applied = await applySchema(event);
  const context = new RequestContext(event, adapterContext, undefined, attempt);
  const expire = (): void => {
    context.expire(signal?.reason);
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', expire);
  try {
    await handlers.run(event.event, applied, context);
    // Handlers may have been skipped.
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', expire);
  }
}
