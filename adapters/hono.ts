import type { Context, MiddlewareHandler } from 'hono';
import type { AnyReceiver, HandleContext, WebhookEvent } from '../src/index.js';
import type { MiddlewareOptions } from './middleware-options.js';
import { createWebVerifier } from './web-request.js';

export type { MiddlewareOptions } from './middleware-options.js';

/** What the middleware adds to Hono's context: `c.var.webhookEvent`. */
export interface WebhookVariables {
  Variables: { webhookEvent: WebhookEvent };
}

/** Hono's getter throws where the platform has no execution context, as on Node. */
function waitUntilOf(c: Context): Pick<HandleContext, 'waitUntil'> {
  try {
    const context = c.executionCtx;
    return {
      waitUntil(promise) {
        context.waitUntil(promise);
      },
    };
  } catch {
    return {};
  }
}

/**
 * A Hono handler that verifies the request, runs the receiver's handlers and answers. Runs wherever
 * Hono does. The receiver's context is Hono's `c`, so a secret can come from the bindings.
 *
 * Put it before anything that reads the body: behind a `c.req.json()` every request is answered
 * `body_already_parsed` (500).
 *
 * @example
 * const receiver = createReceiver({ secret: (c) => (c as Context<{ Bindings: Env }>).env.WEBHOOK_SECRET });
 * app.post('/webhooks/hostwares', createHonoHandler(receiver));
 */
export function createHonoHandler(receiver: AnyReceiver): (c: Context) => Promise<Response> {
  return (c) => receiver.handle(c.req.raw, { adapterContext: c, ...waitUntilOf(c) });
}

/**
 * A Hono middleware that verifies the request and sets `c.var.webhookEvent`. A request that does not
 * pass is answered here and goes no further. Your own handler then gives the answer: answer 2xx only
 * when the event is safe, since the platform does not send it again.
 *
 * @throws `TypeError` at set-up for options that cannot work, such as an empty secret.
 *
 * @example
 * app.post('/webhooks/hostwares', createHonoMiddleware({ secret }), async (c) => {
 *   await save(c.var.webhookEvent);
 *   return c.body(null, 204);
 * });
 */
export function createHonoMiddleware(options: MiddlewareOptions): MiddlewareHandler<WebhookVariables> {
  const verify = createWebVerifier(options);
  return async (c, next) => {
    const verdict = await verify(c.req.raw, c);
    if (!verdict.event) return verdict.response;
    c.set('webhookEvent', verdict.event);
    await next();
    return undefined;
  };
}
