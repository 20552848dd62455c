import { createReceiver, type AnyReceiver, type WebhookEvent } from '../src/index.js';
import {
  sendResult,
  toReceiveInput,
  type IncomingMessageLike,
  type ServerResponseLike,
} from './incoming-message.js';
import type { MiddlewareOptions } from './middleware-options.js';
import { createNodeHandler } from './node.js';

export type { IncomingMessageLike, ServerResponseLike } from './incoming-message.js';
export type { MiddlewareOptions } from './middleware-options.js';

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
 * An Express handler (4 and 5) that verifies the request, runs the receiver's handlers and answers.
 *
 * Works with no body parser, with `express.raw`, and where the bytes are kept in `req.rawBody`. Behind
 * `express.json()` the bytes are gone: every request is answered `body_already_parsed` (500) and the
 * hint names the line to change. The receiver's context is Express' request.
 *
 * @example
 * app.post('/webhooks/hostwares', createExpressHandler(receiver));
 * app.use(express.json()); // after it
 */
export function createExpressHandler(
  receiver: AnyReceiver,
): (request: ExpressRequestLike, response: ServerResponseLike) => void {
  return createNodeHandler(receiver);
}

/**
 * An Express middleware (4 and 5) that verifies the request, sets `req.webhookEvent` and calls `next()`.
 * A request that does not pass is answered here and goes no further. Your own handler then gives the
 * answer: answer 2xx only when the event is safe, since the platform does not send it again.
 *
 * @throws `TypeError` at set-up for options that cannot work, such as an empty secret.
 *
 * @example
 * app.post('/webhooks/hostwares', createExpressMiddleware({ secret }), async (req, res) => {
 *   await save(req.webhookEvent!);
 *   res.sendStatus(204);
 * });
 */
export function createExpressMiddleware(
  options: MiddlewareOptions,
): (request: ExpressRequestLike, response: ServerResponseLike, next: () => void) => void {
  // A receiver without handlers is the verification alone.
  const receiver = createReceiver(options);
  return (request, response, next) => {
    void receiver.receive(toReceiveInput(request)).then((result) => {
      if (!result.event) {
        sendResult(request, response, result);
        return;
      }
      request.webhookEvent = result.event;
      // Tells a body parser further on that the stream is read; Express 4's fails otherwise.
      request._body = true;
      next();
    });
  };
}
