import { readRequest } from '../src/body.js';
import { createReceiver, type WebhookEvent } from '../src/index.js';
import type { MiddlewareOptions } from './middleware-options.js';

/** The event of a request that passed, or the answer to one that did not. */
export type Verdict =
  { readonly event: WebhookEvent } | { readonly event?: never; readonly response: Response };

/** Verifies web requests. A receiver without handlers is the verification alone. */
export function createWebVerifier(
  options: MiddlewareOptions,
): (request: Request, adapterContext: unknown) => Promise<Verdict> {
  const receiver = createReceiver(options);
  return async (request, adapterContext) => {
    const { event, status, headers, body } = await receiver.receive({
      method: request.method,
      headers: request.headers,
      body: (maxBytes) => readRequest(request, maxBytes),
      adapterContext,
    });
    return event ? { event } : { response: new Response(body, { status, headers }) };
  };
}
