import type { WebhookEvent } from '../events/types.js';

/** The second argument of a handler. */
export interface HandlerContext {
  /**
   * Fires when `handlerTimeoutMs` has passed, and when a queue revokes its job. Pass it to `fetch` and
   * similar functions, so that their work stops.
   */
  readonly signal: AbortSignal;
  /** Hono's `c`, a queue's job, otherwise the request. The secret function gets the same value. */
  readonly adapterContext: unknown;
  /** Keeps the runtime alive for a promise after the response, on platforms that have such a function. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /**
   * The number of the attempt to handle this event, counted from 1. Known with replay protection and in a queue's
   * worker, otherwise undefined, because the platform does not send it.
   */
  readonly attempt?: number | undefined;
  /**
   * True if handlers may have run for this event before, and failed or crashed, so that their effects may exist
   * already. Known if `attempt` is, otherwise undefined.
   */
  readonly isDuplicateDelivery?: boolean | undefined;
  /** The event as it was verified, before a schema replaced its `data`. */
  readonly verifiedEvent: WebhookEvent;
}

/** Creates the context of one run of the handlers. */
export function createContext(parts: Omit<HandlerContext, 'isDuplicateDelivery'>): HandlerContext {
  const { attempt } = parts;
  return { ...parts, isDuplicateDelivery: attempt === undefined ? undefined : attempt > 1 };
}
