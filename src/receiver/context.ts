import type { WebhookEvent } from '../events/types.js';

/** The second argument of a handler. */
export interface HandlerContext {
  /**
   * Fires when `handlerTimeoutMs` has passed, and when a queue takes its job back. Pass it to `fetch` and the
   * like, so that their work stops.
   */
  readonly signal: AbortSignal;
  /** Hono's `c`, a queue's job, otherwise the request. The secret function is given the same. */
  readonly adapterContext: unknown;
  /** Keeps the runtime alive for a promise after the response, on platforms that have such a function. */
  readonly waitUntil?: ((promise: Promise<unknown>) => void) | undefined;
  /**
   * Which attempt to handle this event it is, counted from 1. Known with replay protection and in a queue's
   * worker, otherwise undefined: the platform does not send it.
   */
  readonly attempt?: number | undefined;
  /**
   * True if the handlers may have begun with this event before, and failed or crashed: their effects may exist
   * already. Known if `attempt` is, otherwise undefined.
   */
  readonly isDuplicateDelivery?: boolean | undefined;
  /** The event as it was verified, before a schema replaced its `data`. */
  readonly verifiedEvent: WebhookEvent;
}

/** The context of one request. A class, since it is made for every request and its getters are lazy. */
export class RequestContext implements HandlerContext {
  expired = false;
  /** True once a handler is awaited. */
  waits = false;
  private controller: AbortController | undefined;

  constructor(
    readonly verifiedEvent: WebhookEvent,
    readonly adapterContext: unknown,
    readonly waitUntil: HandlerContext['waitUntil'],
    readonly attempt?: number | undefined,
    private readonly onWait?: () => void,
  ) {}

  get isDuplicateDelivery(): boolean | undefined {
    return this.attempt === undefined ? undefined : this.attempt > 1;
  }

  /** Made when first asked for: most handlers do not use it. */
  get signal(): AbortSignal {
    return (this.controller ??= new AbortController()).signal;
  }

  /** Called before a handler is awaited. */
  wait(): void {
    this.waits = true;
    this.onWait?.();
  }

  expire(reason: unknown): void {
    this.expired = true;
    (this.controller ??= new AbortController()).abort(reason);
  }
}
