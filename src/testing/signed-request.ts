import { sampleEvent } from '../events/samples.js';
import { isEventType, type EventType, type WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import type { Secret } from '../secrets.js';
import { signPayload } from '../signature.js';

/** Options of {@link createSignedRequest}. */
export interface SignedRequestOptions {
  /** The secret to sign with. */
  secret: Secret;
  /** @default 'http://localhost/webhooks/hostwares' */
  url?: string | URL | undefined;
  /**
   * The time of sending, in milliseconds since 1970: goes into the timestamp header.
   * @default Date.now
   */
  now?: (() => number) | undefined;
}

function toEvent(name: string): WebhookEvent {
  return isEventType(name) || name === 'ping' ? sampleEvent(name) : sampleEvent('unknown', { type: name });
}

/**
 * A request as the platform sends it (contract section 3), signed with your secret: what a test posts
 * to its receiver.
 *
 * @param event - An event, or a type name for a sample of it. A name that is none of the twelve makes
 * an event of that unknown type.
 * @throws `TypeError` where the secret is empty or blank.
 *
 * @example
 * const request = await createSignedRequest('deployment.failed', { secret });
 * const response = await receiver.handle(request);
 * expect(response.status).toBe(200);
 *
 * @example
 * // To a server: headers and body as they are.
 * await fetch(await createSignedRequest('ping', { secret, url: 'http://127.0.0.1:3000/webhooks/hostwares' }));
 */
export async function createSignedRequest(
  event: WebhookEvent | EventType | 'ping' | (string & Record<never, never>),
  options: SignedRequestOptions,
): Promise<Request> {
  const { secret, url = 'http://localhost/webhooks/hostwares', now = Date.now } = options;
  const body = JSON.stringify(toWire(typeof event === 'string' ? toEvent(event) : event));
  return new Request(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-hostwares-signature': await signPayload(body, secret),
      'x-hostwares-timestamp': String(Math.floor(now() / 1000)),
    },
    body,
  });
}
