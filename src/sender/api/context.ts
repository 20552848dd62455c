import type { Context } from 'hono';

/** The variables that the middleware sets for every handler. */
export interface ApiEnv {
  Variables: {
    accountId: string;
    /**
     * Becomes the id of the resource that the call creates. It is the same for every retry with the same
     * `Idempotency-Key`.
     */
    resourceId: string;
  };
}

export type ApiContext = Context<ApiEnv>;
