import type { WebhookError } from '../errors.js';
import type { ReceiveResult } from './types.js';

/** A response, with the length of its body among the headers, so that a server can write them as they are. */
function toResult(status: number, body: string) {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(body.length),
  };
  return { status, headers, body };
}

/** The response to an event that was handled, or that may be acknowledged for another reason. */
export function acknowledgedResult<Event>(event: Event): ReceiveResult<Event> {
  return { ...toResult(200, '{"received":true}'), event };
}

/** The response to everything else: the code, and nothing more. */
export function rejectedResult({ status, code, retryAfterMs = 0 }: WebhookError): ReceiveResult<never> {
  const result = toResult(status, `{"error":"${code}"}`);
  if (retryAfterMs > 0) result.headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
  if (status === 405) result.headers.allow = 'POST';
  return result;
}
