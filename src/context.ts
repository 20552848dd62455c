/** What a handler is given beside the event. */
export interface HandlerContext {
  /**
   * Fires when `handlerTimeoutMs` has passed, and where a queue takes its job back. Hand it to `fetch` and the
   * like, so that work stops.
   */
  readonly signal: AbortSignal;
  /** What the adapter has: Hono's `c`, a queue's job, otherwise the request. The secret function gets the same. */
  readonly adapterContext: unknown;
  /** Keeps the runtime alive for a promise after the answer, where the platform has such a function. */
  readonly waitUntil?: (promise: Promise<unknown>) => void;
  /**
   * Which attempt to handle this event it is, counted from 1. Known with replay protection and in a queue's
   * worker; elsewhere it is undefined, for the platform does not tell.
   */
  readonly attempt?: number | undefined;
  /**
   * True where the handlers may have begun with this event before, and failed or died: their effects may be there
   * already. Known where `attempt` is, otherwise undefined.
   */
  readonly isDuplicateDelivery?: boolean | undefined;
}

/** The context of one request. A class, because it is made for every request and a getter is dear in a literal. */
export class RequestContext implements HandlerContext {
  declare readonly waitUntil?: (promise: Promise<unknown>) => void;
  expired = false;
  private controller: AbortController | undefined;

  constructor(
    readonly adapterContext: unknown,
    waitUntil: HandlerContext['waitUntil'],
    readonly attempt?: number | undefined,
    /** Called before a handler is waited for. */
    readonly onWait?: () => void,
  ) {
    if (waitUntil) this.waitUntil = waitUntil;
  }

  get isDuplicateDelivery(): boolean | undefined {
    return this.attempt === undefined ? undefined : this.attempt > 1;
  }

  /** Made when first asked for: most handlers do not. */
  get signal(): AbortSignal {
    return (this.controller ??= new AbortController()).signal;
  }

  expire(reason: unknown): void {
    this.expired = true;
    (this.controller ??= new AbortController()).abort(reason);
  }
}
