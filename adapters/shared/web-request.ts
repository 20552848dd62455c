import { readRequest } from '../../src/verify/body.js';
import { createReceiver, type ReceiveResult, type WebhookEvent } from '../../src/index.js';
import type { MiddlewareOptions } from './middleware-options.js';

/** Reads a body of at most `maxBytes`. */
export type BodyReader = (maxBytes: number) => Uint8Array | Promise<Uint8Array>;

/** The event of a verified request, or the response to a rejected one. */
export type Verdict =
  { readonly event: WebhookEvent } | { readonly event?: never; readonly response: Response };

/** Converts a receiver's result to a web `Response`. */
export function toResponse({ body, status, headers }: ReceiveResult<unknown>): Response {
  return new Response(body, { status, headers });
}

/** Creates a function that verifies web requests, with a receiver whose handler does nothing. */
export function createWebVerifier(
  options: MiddlewareOptions,
): (request: Request, adapterContext: unknown, readBody?: BodyReader) => Promise<Verdict> {
  const receiver = createReceiver(options).onAny(() => undefined);
  return async (request, adapterContext, readBody = (maxBytes) => readRequest(request, maxBytes)) => {
    const { method, headers } = request;
    const result = await receiver.receive({ method, headers, body: readBody, adapterContext });
    return result.event ? { event: result.event } : { response: toResponse(result) };
  };
}
