import { Hono, type MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Sender } from '../types.js';
import type { ApiEnv } from './context.js';
import { deliveryRoutes } from './deliveries.js';
import { endpointRoutes } from './endpoints.js';
import { idempotency } from './idempotency.js';
import { createAccountFinder } from './keys.js';
import { spend, type SenderApiLimits } from './limits.js';
import { createApiParts, type ApiParts } from './parts.js';
import { toRejectionResponse } from './rejection.js';

export type { SenderApiLimits } from './limits.js';

/** Options of {@link createSenderApi}. */
export interface SenderApiOptions {
  /** The account of each API key. A key must have at least 16 characters, all of them visible ASCII. */
  apiKeys: Readonly<Record<string, string>>;
  /** Limits of each account. Defaults: see {@link SenderApiLimits}. */
  limits?: SenderApiLimits | undefined;
  /** Called with each error that the API answered with 500, or that kept a response from being stored. @default none */
  onError?: ((error: unknown) => unknown) | undefined;
}

/** The API of a sender, created by {@link createSenderApi}. */
export interface SenderApi {
  /** Answers a request to a path under `/api/webhooks`. It does not use `this`, so it can be passed on. */
  readonly fetch: (request: Request) => Promise<Response>;
}

/** Our limit. The largest valid body (a URL, twelve event names and a secret) is far smaller. */
const maxBodyBytes = 65_536;

/** Finds the account of the API key and counts the request against its quota. */
function authenticate({ quotas }: ApiParts, apiKeys: SenderApiOptions['apiKeys']): MiddlewareHandler<ApiEnv> {
  const findAccount = createAccountFinder(apiKeys);
  return async (c, next) => {
    const accountId = findAccount(c.req.header('authorization'));
    if (accountId === undefined) {
      c.header('www-authenticate', 'Bearer');
      return c.json({ error: 'unauthorized: send Authorization: Bearer <API key>' }, 401);
    }
    c.set('accountId', accountId);
    spend(c, quotas.requests);
    return next();
  };
}

function createRoutes(api: ApiParts, { apiKeys, onError }: SenderApiOptions): Hono<ApiEnv> {
  const routes = new Hono<ApiEnv>();
  routes.use(authenticate(api, apiKeys));
  routes.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (c) => c.json({ error: `the body is longer than ${maxBodyBytes} bytes` }, 413),
    }),
  );
  routes.use(
    idempotency({
      backend: api.backend,
      maxKeys: api.limits.idempotencyKeys,
      onError: (error) => onError?.(error),
    }),
  );
  // Registered before the endpoints, so that `deliveries` is not read as the id of one.
  routes.route('/deliveries', deliveryRoutes(api));
  routes.route('/', endpointRoutes(api));
  return routes;
}

/**
 * Creates the platform's API for endpoints and deliveries (contract section 1). An account sees only its own endpoints;
 * endpoints without an account are not visible through the API. A rejected call is answered with
 * `{"error": "<message>"}`.
 *
 * Every POST accepts an `Idempotency-Key`: a retry with the same key within 24 hours gets the first response. Requests
 * beyond the limits of an account are answered with 429 and `Retry-After`; `RateLimit` and `RateLimit-Policy` report
 * what is left.
 *
 * @throws `TypeError` if there are no keys, a key is too short, or a limit is not a whole number above 0
 *
 * @example
 * import { serve } from '@hono/node-server';
 * const api = createSenderApi(sender, { apiKeys: { [process.env.API_KEY!]: 'acc_1' } });
 * serve({ fetch: api.fetch, port: 8080 });
 * // In a Hono app of your own: app.all('/api/webhooks/*', (c) => api.fetch(c.req.raw))
 */
export function createSenderApi(sender: Sender, options: SenderApiOptions): SenderApi {
  const { apiKeys = {}, limits, onError } = (options as Partial<SenderApiOptions> | undefined) ?? {};
  const api = createApiParts(sender, limits);
  const app = new Hono();
  app.route('/api/webhooks', createRoutes(api, { apiKeys, onError }));
  app.notFound((c) => c.json({ error: 'there is no such route' }, 404));
  app.onError((error, c) => {
    const rejected = toRejectionResponse(error, c);
    if (rejected) return rejected;
    onError?.(error);
    return c.json({ error: 'internal error' }, 500);
  });
  return {
    async fetch(request) {
      const response = await app.fetch(request);
      // Set on every response, also for unknown routes: responses contain secrets and change over time.
      response.headers.set('cache-control', 'no-store');
      return response;
    },
  };
}
