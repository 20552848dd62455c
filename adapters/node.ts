import type { AnyReceiver } from '../src/index.js';
import {
  sendResult,
  toReceiveInput,
  type IncomingMessageLike,
  type ServerResponseLike,
} from './incoming-message.js';

export type { IncomingMessageLike, ServerResponseLike } from './incoming-message.js';

/**
 * A request listener for `node:http` (and HTTP/2's compatibility API) that answers every request with
 * what the receiver says. Uses `request.rawBody` where something kept the bytes, else reads the stream.
 *
 * It answers on every path; routing is yours. The receiver's context is the `IncomingMessage`.
 *
 * @example
 * import { createServer } from 'node:http';
 * createServer(createNodeHandler(receiver)).listen(3000);
 */
export function createNodeHandler(
  receiver: AnyReceiver,
): (request: IncomingMessageLike, response: ServerResponseLike) => void {
  return (request, response) => {
    void receiver.receive(toReceiveInput(request)).then((result) => {
      sendResult(request, response, result);
    });
  };
}
