import type { AnyReceiver, WebhookEvent } from '../src/index.js';
import type { MiddlewareOptions } from './middleware-options.js';
import { createWebVerifier } from './web-request.js';

export type { MiddlewareOptions } from './middleware-options.js';

/** Options of {@link createNextHandler}. */
export interface NextHandlerOptions {
  /**
   * `after` of `next/server` (Next 15.1 or later): handlers get it as `context.waitUntil`, and a receiver with
   * `acknowledge: 'early'` needs it.
   */
  after?: ((task: Promise<unknown>) => void) | undefined;
}

/**
 * A Next route handler (node and edge runtime) that verifies the request, runs the receiver's handlers
 * and answers. The receiver's context is the request.
 *
 * `next build` imports route modules, mostly without the secrets of production: give the secret as a
 * function, so that it is read per request.
 *
 * @example
 * // app/webhooks/hostwares/route.ts
 * const receiver = createReceiver({ secret: () => process.env.HOSTWARES_WEBHOOK_SECRET });
 * export const POST = createNextHandler(receiver);
 */
export function createNextHandler(
  receiver: AnyReceiver,
  { after }: NextHandlerOptions = {},
): (request: Request) => Promise<Response> {
  return (request) => receiver.handle(request, after ? { waitUntil: after } : {});
}

/**
 * Wraps a Next route handler: it is called with the verified event, the request and Next's context, and
 * gives the answer. A request that does not pass is answered here. Answer 2xx only when the event is
 * safe, since the platform does not send it again.
 *
 * @throws `TypeError` at set-up for options that cannot work, such as an empty secret.
 *
 * @example
 * export const POST = withWebhook({ secret: () => process.env.HOSTWARES_WEBHOOK_SECRET }, async (event) => {
 *   await save(event);
 *   return new Response(null, { status: 204 });
 * });
 */
export function withWebhook<NextRequest extends Request = Request, RouteContext = unknown>(
  options: MiddlewareOptions,
  handler: (event: WebhookEvent, request: NextRequest, context: RouteContext) => Response | Promise<Response>,
): (request: NextRequest, context: RouteContext) => Promise<Response> {
  const verify = createWebVerifier(options);
  return async (request, context) => {
    const verdict = await verify(request, request);
    return verdict.event ? handler(verdict.event, request, context) : verdict.response;
  };
}
