import { createContext } from './context.js';
import { parseEvent } from '../events/parse.js';
import type { WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import type { HandlerRegistry } from './handlers.js';
import { isUnhandled } from './registration.js';
import { runHandlers, type NotifyFailure } from './run-handlers.js';
import type { DispatchOptions } from './types.js';

/** The parts of a receiver that run handlers without a request. */
export interface Dispatcher {
  readonly handlers: HandlerRegistry;
  readonly applySchema: (event: WebhookEvent) => Promise<unknown>;
  readonly notifyFailure: NotifyFailure;
}

/** Runs the handlers on an event that was verified before. The first call loads this module. */
export async function dispatch(
  { handlers, applySchema, notifyFailure }: Dispatcher,
  value: unknown,
  { attempt, signal, adapterContext }: DispatchOptions = {},
): Promise<void> {
  if (isUnhandled(handlers.registrations)) {
    throw new TypeError('The receiver has no handlers: register them where it is created.');
  }
  // Parsed again, because a queue may contain anything, such as an event whose type an older version did not know.
  const isObject = typeof value === 'object' && value !== null;
  const verifiedEvent = parseEvent(JSON.stringify(isObject ? toWire(value as WebhookEvent) : null));
  const event = await applySchema(verifiedEvent);
  // A separate signal, so that handlers do not add listeners to a signal that outlives the job.
  const controller = new AbortController();
  const context = createContext({ verifiedEvent, adapterContext, attempt, signal: controller.signal });
  const expire = (): void => {
    controller.abort(signal?.reason);
  };
  signal?.throwIfAborted();
  signal?.addEventListener('abort', expire);
  try {
    const type = verifiedEvent.event;
    const run = { subject: `handler for ${type}`, handlers: handlers.forType(type), event, context };
    await runHandlers(run, notifyFailure);
    // The abort may have skipped handlers.
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', expire);
  }
}
