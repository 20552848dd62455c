import type { WebhookError } from '../errors.js';
import type { ReceiveResult } from './types.js';

/** A response's headers, with its length, so that a server can write them as they are. */
function headersOf(body: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': String(body.length) };
}

const acknowledgement = '{"received":true}';

/** The response to an event that was handled, or that may be acknowledged for another reason. */
export const acknowledgedResult = {
  status: 200,
  headers: /* @__PURE__ */ Object.freeze(/* @__PURE__ */ headersOf(acknowledgement)),
  body: acknowledgement,
};

/** The response to everything else: the code, and nothing more. */
export function rejectedResult({ status, code, retryAfterMs = 0 }: WebhookError): ReceiveResult<never> {
  const body = `{"error":"${code}"}`;
  const headers = headersOf(body);
  if (retryAfterMs > 0) headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
  if (status === 405) headers.allow = 'POST';
  return { status, headers, body };
}
