/**
 * Connects a receiver to route handlers of the Next.js App Router, in the Node and the edge runtime.
 *
 * @module next
 */
import type { AnyReceiver, WebhookEvent } from '../src/index.js';
import { requireOptions, requireReceiver } from './shared/arguments.js';
import type { MiddlewareOptions } from './shared/middleware-options.js';
import { createWebVerifier } from './shared/web-request.js';

export type { MiddlewareOptions } from './shared/middleware-options.js';

/** Options of {@link createNextHandler}. */
export interface NextHandlerOptions {
  /**
   * `after` of `next/server` (Next 15.1 or later): handlers get it as `context.waitUntil`, and a receiver with
   * `acknowledge: 'early'` needs it.
   */
  after?: ((task: Promise<unknown>) => void) | undefined;
}

/** Throws if a Pages Router API route is the caller: it ignores a returned `Response`, so it would never respond. */
function requireWebRequest(request: unknown, factory: string): void {
  if (typeof (request as Partial<Request> | undefined)?.arrayBuffer === 'function') return;
  throw new TypeError(
    `The handler of ${factory} takes a web Request, which route handlers of the App Router get. In the Pages Router ` +
      'use createNodeHandler of @hostwares/webhooks/node, and export const config = { api: { bodyParser: false } }.',
  );
}

/**
 * Creates a Next route handler (node and edge runtime) that verifies the request, runs the receiver's handlers
 * and responds. The receiver's context is the request.
 *
 * `next build` imports route modules, usually without the secrets of production: pass the secret as a
 * function, so that it is read per request.
 *
 * @throws `TypeError` at set-up if `receiver` is not a receiver.
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
  requireReceiver(receiver, 'createNextHandler', 'withWebhook');
  return async (request) => {
    requireWebRequest(request, 'createNextHandler');
    return receiver.handle(request, after ? { waitUntil: after } : {});
  };
}

/**
 * Wraps a Next route handler: it is called with the verified event, the request and Next's context, and
 * returns the response. The wrapper responds to rejected requests itself. Respond 2xx only once the event is stored
 * or handled, because the platform does not retry it after that.
 *
 * @throws `TypeError` at set-up for options that cannot work, such as an empty secret or a receiver.
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
  requireOptions(options, 'withWebhook', 'createNextHandler');
  const verify = createWebVerifier(options);
  return async (request, context) => {
    requireWebRequest(request, 'withWebhook');
    const verdict = await verify(request, request);
    return verdict.event ? handler(verdict.event, request, context) : verdict.response;
  };
}
