/**
 * Connects a receiver to Express 4 or 5: as a handler, or as middleware that leaves the response to you.
 *
 * @module express
 */
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
  // Express provides this namespace for additions to its request type, so Express need not be imported.
  // eslint-disable-next-line @typescript-eslint/no-namespace
  namespace Express {
    interface Request {
      /** Set by `createExpressMiddleware` on verified requests. */
      webhookEvent?: WebhookEvent;
    }
  }
}

/** The part of Express's request that is used: Node's, with `webhookEvent`. */
export interface ExpressRequestLike extends IncomingMessageLike {
  webhookEvent?: WebhookEvent;
  _body?: boolean;
}

/**
 * Creates an Express handler (4 and 5) that verifies the request, runs the receiver's handlers and responds.
 *
 * Works without a body parser, with `express.raw({ limit: '1mb' })`, and if the bytes are kept in
 * `req.rawBody`. Behind `express.json()` the bytes are lost: every response is `body_already_parsed`
 * (500), and the hint names the line to change. Without a `limit` Express itself responds 413 to bodies above 100 kB,
 * and the receiver never sees them. The receiver's context is Express's request.
 *
 * If another middleware (a timeout, for example) has responded before, the handlers still run, so that the
 * event is not lost, and that response is kept.
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
 * Creates an Express middleware (4 and 5) that verifies the request, sets `req.webhookEvent` and calls `next()`.
 * It responds to rejected requests itself and does not call `next()` for them. Otherwise your own handler responds:
 * respond 2xx only once the event is stored or handled, because the platform does not retry it after that.
 *
 * It must come before the handler. A handler in front of it also responds to unverified requests, for which
 * `req.webhookEvent` is undefined.
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
  // A receiver whose handler does nothing only verifies.
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
    // Tells body parsers behind this that the stream has been read. The parser of Express 4 fails otherwise.
    request._body = true;
    next();
  }
  return (request, response, next) => {
    requireNodeObjects(request, response, 'createExpressMiddleware');
    return verify(request, response, next);
  };
}
