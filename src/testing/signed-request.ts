import { sampleEvent } from '../events/samples.js';
import { isEventType, type EventType, type WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import type { Secret } from '../signing/secrets.js';
import { signPayload } from '../signing/signature.js';
import { toVariedJson } from './varied-json.js';

/** An event, or the name of a type for a sample of it. An unknown name gives an event of that unknown type. */
export type TestEvent = WebhookEvent | EventType | 'ping' | (string & Record<never, never>);

/** Options of {@link createSignedRequest}. */
export interface SignedRequestOptions {
  /** The secret to sign with. */
  secret: Secret;
  /** The URL of the request. @default 'http://localhost/webhooks/hostwares' */
  url?: string | URL | undefined;
  /**
   * The clock for the timestamp header, in milliseconds since 1970.
   * @default Date.now
   */
  now?: (() => number) | undefined;
}

function toEvent(name: string): WebhookEvent {
  return isEventType(name) || name === 'ping' ? sampleEvent(name) : sampleEvent('unknown', { type: name });
}

/**
 * Creates a request as the platform sends it (contract section 3), signed with your secret.
 *
 * The body parses to the event, but `JSON.stringify(JSON.parse(body))` gives other bytes, since the body has escapes, numbers such as
 * `42.50`, and white space. Code that verifies a body after parsing and serializing it therefore fails in your test, as it would in
 * production. The same event always gives the same bytes.
 *
 * @param event - An event, or the name of a type for a sample of it. A name that is none of the twelve gives an event of that unknown
 * type.
 * @throws `TypeError` for an empty or blank secret.
 *
 * @example
 * const request = await createSignedRequest('deployment.failed', { secret });
 * const response = await receiver.handle(request);
 * expect(response.status).toBe(200);
 *
 * @example
 * // Sends the request to a server.
 * await fetch(await createSignedRequest('ping', { secret, url: 'http://127.0.0.1:3000/webhooks/hostwares' }));
 */
export async function createSignedRequest(event: TestEvent, options: SignedRequestOptions): Promise<Request> {
  const { secret, url = 'http://localhost/webhooks/hostwares', now = Date.now } = options;
  const body = toVariedJson(toWire(typeof event === 'string' ? toEvent(event) : event));
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
