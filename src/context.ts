/** What a handler is given beside the event. */
export interface HandlerContext {
  /** Fires when `handlerTimeoutMs` has passed. Hand it to `fetch` and the like, so that work stops. */
  readonly signal: AbortSignal;
  /** What the adapter has: Hono's `c`, otherwise the request. The same value the secret function gets. */
  readonly adapterContext: unknown;
  /** Keeps the runtime alive for a promise after the answer, where the platform has such a function. */
  readonly waitUntil?: (promise: Promise<unknown>) => void;
}

/** The context of one request. A class, because it is made for every request and a getter is dear in a literal. */
export class RequestContext implements HandlerContext {
  declare readonly waitUntil?: (promise: Promise<unknown>) => void;
  expired = false;
  private controller: AbortController | undefined;

  constructor(
    readonly adapterContext: unknown,
    waitUntil: HandlerContext['waitUntil'],
  ) {
    if (waitUntil) this.waitUntil = waitUntil;
  }

  /** Made when first asked for: most handlers do not. */
  get signal(): AbortSignal {
    return (this.controller ??= new AbortController()).signal;
  }

  expire(reason: Error): void {
    this.expired = true;
    (this.controller ??= new AbortController()).abort(reason);
  }
}
