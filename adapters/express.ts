import { createReceiver, type AnyReceiver, type WebhookEvent } from '../src/index.js';
import { requireOptions, requireReceiver } from './shared/arguments.js';
import {
  requireNodeObjects,
  sendResult,
  toReceiveInput,
  whenSent,
  type IncomingMessageLike,
  type ServerResponseLike,
} from './shared/node-request.js';
import type { MiddlewareOptions } from './shared/middleware-options.js';
import { respond } from './node.js';

export type { IncomingMessageLike, ServerResponseLike } from './shared/node-request.js';
export type { MiddlewareOptions } from './shared/middleware-options.js';

declare global {
  // The way Express itself offers to add to its request type; no import of Express is needed.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Set by `createExpressMiddleware`, on requests that it let through. */
      webhookEvent?: WebhookEvent;
    }
  }
}

/** What is used of Express' request: Node's, with `webhookEvent` as the place for the event. */
export interface ExpressRequestLike extends IncomingMessageLike {
  webhookEvent?: WebhookEvent;
  _body?: boolean;
}

/**
 * An Express handler (4 and 5) that verifies the request, runs the receiver's handlers and responds.
 *
 * Works without a body parser, with `express.raw({ limit: '1mb' })`, and if the bytes are kept in
 * `req.rawBody`. Behind `express.json()` the bytes are gone: every request is answered `body_already_parsed`
 * (500), and the hint names the line to change. Without a `limit` Express answers 413 to bodies above 100 kB itself,
 * and the receiver never sees them. The receiver's context is Express' request.
 *
 * If another middleware has responded before (a timeout, for example), the handlers run all the same, so that the
 * event is not lost, and that response stays as it is.
 *
 * @throws `TypeError` at set-up if `receiver` is not a receiver, and on a call whose arguments are not Node's
 * request and response, as with NestJS on Fastify.
 *
 * @example
 * app.post('/webhooks/hostwares', createExpressHandler(receiver));
 * app.use(express.json()); // after it
 */
export function createExpressHandler(
  receiver: AnyReceiver,
): (request: ExpressRequestLike, response: ServerResponseLike) => Promise<void> {
  requireReceiver(receiver, 'createExpressHandler', 'createExpressMiddleware');
  return (request, response) => {
    requireNodeObjects(request, response, 'createExpressHandler');
    return respond(receiver, request, response);
  };
}

/**
 * An Express middleware (4 and 5) that verifies the request, sets `req.webhookEvent` and calls `next()`.
 * A request that does not pass is answered here and goes no further. Your own handler then responds:
 * respond 2xx only when the event is safe, since the platform does not send it again.
 *
 * It must come before the handler. A handler or middleware in front of it that responds does so to unverified
 * requests too; `req.webhookEvent` is then undefined.
 *
 * @throws `TypeError` at set-up for options that cannot work, such as an empty secret or a receiver.
 *
 * @example
 * app.post('/webhooks/hostwares', createExpressMiddleware({ secret }), async (req, res) => {
 *   await save(req.webhookEvent!);
 *   res.sendStatus(204);
 * });
 */
export function createExpressMiddleware(
  options: MiddlewareOptions,
): (request: ExpressRequestLike, response: ServerResponseLike, next: () => void) => Promise<void> {
  requireOptions(options, 'createExpressMiddleware', 'createExpressHandler');
  // A receiver whose handler does nothing is the verification alone.
  const receiver = createReceiver(options).onAny(() => undefined);
  async function verify(
    request: ExpressRequestLike,
    response: ServerResponseLike,
    next: () => void,
  ): Promise<void> {
    const result = await receiver.receive(toReceiveInput(request));
    if (!result.event) {
      sendResult(request, response, result);
      await whenSent(response);
      return;
    }
    request.webhookEvent = result.event;
    // Tells a body parser behind this that the stream has been read; Express 4's fails otherwise.
    request._body = true;
    next();
  }
  return (request, response, next) => {
    requireNodeObjects(request, response, 'createExpressMiddleware');
    return verify(request, response, next);
  };
}
