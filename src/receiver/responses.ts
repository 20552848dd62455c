import type { WebhookError } from '../errors.js';
import type { HandledInfo, ReceiverOptions, ReceiveResult } from './types.js';

/** Builds a response. Its headers include the body's length, so that a server can write them as they are. */
function toResult(status: number, body: string) {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'content-length': String(body.length),
  };
  return { status, headers, body };
}

/** The response to an event that needs no retry. */
export function acknowledgedResult<Event>(event: Event): ReceiveResult<Event> {
  return { ...toResult(200, '{"received":true}'), event };
}

/** Acknowledges an event, and notifies `onHandled`. */
export function acknowledge(
  event: unknown,
  info: HandledInfo,
  onHandled: ReceiverOptions['onHandled'],
): ReceiveResult<unknown> {
  // In a promise, so that neither its exception nor its rejection changes the response.
  if (onHandled)
    void Promise.resolve()
      .then(() => onHandled(event as never, info))
      .catch(() => undefined);
  return acknowledgedResult(event);
}

/** The response to a rejected request or a failed event. Its body has the code and nothing else. */
export function rejectedResult({ status, code, retryAfterMs = 0 }: WebhookError): ReceiveResult<never> {
  const result = toResult(status, `{"error":"${code}"}`);
  if (retryAfterMs > 0) result.headers['retry-after'] = String(Math.ceil(retryAfterMs / 1000));
  if (status === 405) result.headers.allow = 'POST';
  return result;
}
