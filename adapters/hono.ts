/**
 * Connects a receiver to Hono in every runtime: as a handler, or as middleware that leaves the response to you.
 *
 * @module hono
 */
import type { Context, MiddlewareHandler } from 'hono';
import { bodyBytes, readRequest } from '../src/verify/body.js';
import { WebhookError, type AnyReceiver, type HandleContext, type WebhookEvent } from '../src/index.js';
import { requireOptions, requireReceiver } from './shared/arguments.js';
import { keptBytes, type IncomingMessageLike } from './shared/node-request.js';
import type { MiddlewareOptions } from './shared/middleware-options.js';
import { createWebVerifier, toResponse, type BodyReader } from './shared/web-request.js';

export type { MiddlewareOptions } from './shared/middleware-options.js';

/** The variable that the middleware sets in Hono's context: `c.var.webhookEvent`. */
export interface WebhookVariables {
  Variables: { webhookEvent: WebhookEvent };
}

/** Returns `waitUntil`. Hono's getter throws on platforms without an execution context, such as Node. */
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
 * Creates the function that reads the body. On Node a host in front of Hono may have read it before. Then
 * `c.env.incoming` of @hono/node-server is that host's request, and may have kept the bytes.
 */
function bodyReader(c: Context): BodyReader {
  return async (maxBytes) => {
    const { incoming } = (c.env ?? {}) as { incoming?: IncomingMessageLike };
    const kept = incoming && keptBytes(incoming);
    if (kept) return bodyBytes(kept, maxBytes);
    const bytes = await readRequest(c.req.raw, maxBytes);
    if (bytes.length === 0 && incoming?.readableDidRead) throw new WebhookError('body_already_parsed');
    return bytes;
  };
}

/**
 * Creates a Hono handler that verifies the request, runs the receiver's handlers and responds. Runs wherever
 * Hono does. The receiver's context is Hono's `c`, so a secret can come from the bindings.
 *
 * Mount it before anything that reads the body: behind a `c.req.json()` every response is
 * `body_already_parsed` (500).
 *
 * @throws `TypeError` at set-up if `receiver` is not a receiver.
 *
 * @example
 * const receiver = createReceiver({ secret: (c) => (c as Context<{ Bindings: Env }>).env.WEBHOOK_SECRET });
 * app.post('/webhooks/hostwares', createHonoHandler(receiver));
 */
export function createHonoHandler(receiver: AnyReceiver): (c: Context) => Promise<Response> {
  requireReceiver(receiver, 'createHonoHandler', 'createHonoMiddleware');
  return async (c) => {
    const { method, headers } = c.req.raw;
    const body = bodyReader(c);
    return toResponse(
      await receiver.receive({ method, headers, body, adapterContext: c, ...waitUntilOf(c) }),
    );
  };
}

/**
 * Creates a Hono middleware that verifies the request and sets `c.var.webhookEvent`. It responds to rejected requests itself. Otherwise
 * your own handler responds: respond 2xx only once the event is stored or handled, because the platform does not retry it after that.
 *
 * @throws `TypeError` at set-up for options that cannot work, such as an empty secret or a receiver.
 *
 * @example
 * app.post('/webhooks/hostwares', createHonoMiddleware({ secret }), async (c) => {
 *   await save(c.var.webhookEvent);
 *   return c.body(null, 204);
 * });
 */
export function createHonoMiddleware(options: MiddlewareOptions): MiddlewareHandler<WebhookVariables> {
  requireOptions(options, 'createHonoMiddleware', 'createHonoHandler');
  const verify = createWebVerifier(options);
  return async (c, next) => {
    const verdict = await verify(c.req.raw, c, bodyReader(c));
    if (!verdict.event) return verdict.response;
    c.set('webhookEvent', verdict.event);
    await next();
    return undefined;
  };
}
