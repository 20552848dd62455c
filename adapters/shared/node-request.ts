import { bodyBytes, collectBody } from '../../src/verify/body.js';
import { startDeadline, stopDeadline } from './body-deadline.js';
import { WebhookError, type ReceiveInput, type ReceiveResult } from '../../src/index.js';

/** The part of Node's `IncomingMessage` (HTTP/1 and HTTP/2) that is used, with the properties that frameworks add. */
export interface IncomingMessageLike {
  readonly method?: string | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  /** True once the complete message has arrived. */
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
  /** Bytes from `express.raw`, or a parsed body. */
  body?: unknown;
}

/** The part of Node's `ServerResponse` that is used. */
export interface ServerResponseLike {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  readonly writableFinished?: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string, encoding: 'latin1'): unknown;
  once?(event: 'finish' | 'close', listener: () => void): unknown;
}

/**
 * Throws unless a handler is called with Node's own request and response. Objects of other frameworks lack the
 * methods to respond, which would become apparent only after the handlers have run.
 */
export function requireNodeObjects(request: unknown, response: unknown, factory: string): void {
  const { on, headers } = (request ?? {}) as Partial<IncomingMessageLike>;
  const { writeHead, end } = (response ?? {}) as Partial<ServerResponseLike>;
  if (typeof on === 'function' && headers && typeof writeHead === 'function' && typeof end === 'function')
    return;
  throw new TypeError(
    `The handler of ${factory} was not called with Node's request and response. In Koa pass ctx.req and ctx.res, in ` +
      'h3 event.node.req and event.node.res. In Fastify (also below NestJS) call receiver.receive({ method, headers, ' +
      'body }) with the raw body, see docs/receiving.md.',
  );
}

/**
 * Resolves when a response has been sent, or its connection has closed. If that has happened before, HTTP/1 sets
 * `destroyed` and HTTP/2 `writableFinished`.
 */
export function whenSent(response: ServerResponseLike): Promise<void> {
  return new Promise((resolve) => {
    if (!response.once || response.writableFinished || response.destroyed) {
      resolve();
      return;
    }
    response.once('finish', resolve);
    response.once('close', resolve);
  });
}

// How long a client may keep sending after the response, in milliseconds. A client that is cut off at once may never
// read the response.
const lingerMs = 5_000;

/**
 * Reads a body that has not been read yet: at most `maxBytes`, within the deadline. If the connection breaks
 * or the deadline passes, it resolves with the bytes that have arrived, which do not match the signature.
 */
function readStream(request: IncomingMessageLike, maxBytes: number): Promise<Uint8Array> {
  const body = collectBody(maxBytes, Number(request.headers['content-length']));
  return new Promise((resolve, reject) => {
    // The first of several events settles the promise. The listeners are collected with the request.
    const finish = () => {
      stopDeadline(finish);
      resolve(body.bytes());
    };
    startDeadline(finish);
    request.on('data', (chunk) => {
      if (body.add(chunk)) return;
      stopDeadline(finish);
      reject(new WebhookError('body_too_large'));
    });
    request.on('end', finish);
    // Emitted without `end` if the client has gone.
    request.on('close', finish);
    // An error without a listener would end the process. `close` follows it.
    request.on('error', () => undefined);
    if (request.destroyed) finish();
  });
}

/** Returns the body that a host kept on the request, if it is bytes. Text was decoded, so its bytes are lost. */
export function keptBytes(request: { rawBody?: unknown; body?: unknown }): ArrayBufferView | undefined {
  for (const name of ['rawBody', 'body'] as const) {
    try {
      const kept = request[name];
      if (ArrayBuffer.isView(kept)) return kept;
    } catch {
      // A getter that parses (Vercel) throws for a body that is not JSON.
    }
  }
  return undefined;
}

/** Reads the raw body: the bytes that a host kept, otherwise the stream. */
function readBody(request: IncomingMessageLike, maxBytes: number): Uint8Array | Promise<Uint8Array> {
  const kept = keptBytes(request);
  if (kept) return bodyBytes(kept, maxBytes);
  // The state of the stream counts, not `body`: body-parser 1 sets an empty object for a body that it did not parse.
  if (request.readableDidRead || request.readableFlowing) throw new WebhookError('body_already_parsed');
  return readStream(request, maxBytes);
}

/** Converts a Node request to the input of a receiver. */
export function toReceiveInput(request: IncomingMessageLike): ReceiveInput {
  return {
    method: request.method,
    headers: request.headers,
    body: (maxBytes) => readBody(request, maxBytes),
    adapterContext: request,
  };
}

/** Sends the response, unless something else, such as a timeout middleware, has responded before. */
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
  response.end(result.body, 'latin1');
}
