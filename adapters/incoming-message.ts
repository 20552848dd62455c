import { bodyBytes, collectBody } from '../src/body.js';
import { WebhookError, type ReceiveInput, type ReceiveResult } from '../src/index.js';
import { startDeadline, stopDeadline } from './body-deadline.js';

/** What is used of Node's `IncomingMessage` (HTTP/1 and HTTP/2), and of what frameworks put on it. */
export interface IncomingMessageLike {
  readonly method?: string | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  /** True once the whole message has arrived. */
  readonly complete: boolean;
  readonly destroyed: boolean;
  readonly readableDidRead: boolean;
  readonly readableFlowing: boolean | null;
  on(event: string, listener: (chunk: Uint8Array) => void): unknown;
  once(event: string, listener: (chunk: Uint8Array) => void): unknown;
  resume(): unknown;
  destroy(): unknown;
  /** Bytes kept by Cloud Functions and by `verify` hooks of body parsers. */
  rawBody?: unknown;
  /** Bytes from `express.raw`, or something parsed. */
  body?: unknown;
}

/** What is used of Node's `ServerResponse`. */
export interface ServerResponseLike {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string, encoding: 'latin1'): unknown;
}

const parsedHint =
  'Put the webhook route before app.use(express.json()), give it express.raw({ type: "*/*" }), or keep the bytes: ' +
  'express.json({ verify: (req, _res, buf) => { req.rawBody = buf } }).';

// How long a client may go on sending after it was answered. Cut at once, it may never see the answer.
const lingerMs = 5_000;

/**
 * Reads a body that nobody has read, up to `maxBytes`, within the deadline. Where the connection breaks
 * or the time is up, it is what has arrived: that does not fit the signature.
 */
function readStream(request: IncomingMessageLike, maxBytes: number): Promise<Uint8Array> {
  const body = collectBody(maxBytes, request.headers['content-length']);
  return new Promise((resolve, reject) => {
    // The first of these to come settles it; the listeners go with the request.
    const onEnd = () => {
      stopDeadline(onEnd);
      resolve(body.bytes());
    };
    startDeadline(onEnd);
    request.on('data', (chunk) => {
      if (body.add(chunk)) return;
      stopDeadline(onEnd);
      reject(new WebhookError('body_too_large'));
    });
    request.on('end', onEnd);
    // Instead of `end`, where the client has gone.
    request.on('close', onEnd);
    // An error without a listener would end the process. What follows it is `close`.
    request.on('error', () => undefined);
    if (request.destroyed) onEnd();
  });
}

/** The raw body: what a framework kept of it, else the stream, else an error that says what to change. */
function readBody(request: IncomingMessageLike, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  for (const kept of [request.rawBody, request.body]) {
    if (ArrayBuffer.isView(kept)) return bodyBytes(kept, maxBytes);
  }
  // Not `body` decides but the stream: body-parser 1 leaves an empty object where it did not parse.
  if (request.readableDidRead || request.readableFlowing) {
    throw new WebhookError('body_already_parsed', undefined, { hint: parsedHint });
  }
  return readStream(request, maxBytes);
}

/** A Node request as the receiver wants it. */
export function toReceiveInput(request: IncomingMessageLike): ReceiveInput {
  return {
    method: request.method,
    headers: request.headers,
    body: (maxBytes) => readBody(request, maxBytes),
    adapterContext: request,
  };
}

/** Writes the answer, unless something else (a timeout middleware, say) has answered. */
export function sendResult(
  request: IncomingMessageLike,
  response: ServerResponseLike,
  result: ReceiveResult<unknown>,
): void {
  if (!request.complete && !request.destroyed) {
    const timer = setTimeout(() => request.destroy(), lingerMs);
    request.once('close', () => {
      clearTimeout(timer);
    });
    request.resume();
  }
  if (response.headersSent || response.destroyed) return;
  response.writeHead(result.status, result.headers);
  // It is ASCII; this way Node need not look.
  response.end(result.body, 'latin1');
}
