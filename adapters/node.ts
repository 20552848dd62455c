/**
 * Connects a receiver to `node:http`, HTTP/2, and every framework that passes on Node's request and response.
 *
 * @module node
 */
import type { AnyReceiver } from '../src/index.js';
import { requireReceiver } from './shared/arguments.js';
import {
  requireNodeObjects,
  sendResult,
  toReceiveInput,
  whenSent,
  type IncomingMessageLike,
  type ServerResponseLike,
} from './shared/node-request.js';

export type { IncomingMessageLike, ServerResponseLike } from './shared/node-request.js';

/**
 * Creates a request listener for `node:http` (and HTTP/2's compatibility API) that sends the receiver's response to
 * every request. Uses `request.rawBody` if the host kept the bytes, otherwise reads the stream.
 *
 * It responds on every path, so routing is up to you. The receiver's context is the `IncomingMessage`. The promise
 * resolves when the response has been sent or the connection has closed, for hosts that wait for it (Koa, h3);
 * it never rejects.
 *
 * @throws `TypeError` at set-up if `receiver` is not a receiver, and on a call whose arguments are not Node's
 * request and response. It throws before the verification, so that no handler runs for a request without a response.
 *
 * @example
 * import { createServer } from 'node:http';
 * createServer(createNodeHandler(receiver)).listen(3000);
 *
 * @example
 * // Koa, before any body parser
 * app.use((ctx, next) => (ctx.path === '/webhooks/hostwares' ? handler(ctx.req, ctx.res) : next()));
 */
export function createNodeHandler(
  receiver: AnyReceiver,
): (request: IncomingMessageLike, response: ServerResponseLike) => Promise<void> {
  requireReceiver(receiver, 'createNodeHandler', 'verifyWebhook');
  return (request, response) => {
    requireNodeObjects(request, response, 'createNodeHandler');
    return respond(receiver, request, response);
  };
}

/** Runs the receiver on a request, and resolves when its response has been sent. */
export async function respond(
  receiver: AnyReceiver,
  request: IncomingMessageLike,
  response: ServerResponseLike,
): Promise<void> {
  sendResult(request, response, await receiver.receive(toReceiveInput(request)));
  await whenSent(response);
}
