import { signPayload } from '../../signing/signature.js';
import type { Claim } from '../stores/store.js';
import type { OutgoingRequest } from '../transport/transport.js';

/** The input of {@link toSignedRequest} besides the claim. */
export interface SignedRequestOptions {
  readonly timestampMs: number;
  readonly userAgent: string;
  readonly timeoutMs: number;
}

/** Builds the request of an attempt (contract section 3). */
export async function toSignedRequest(
  { event, endpoint }: Claim,
  { timestampMs, userAgent, timeoutMs }: SignedRequestOptions,
): Promise<OutgoingRequest> {
  const headers = {
    'content-type': 'application/json',
    'user-agent': userAgent,
    'x-hostwares-signature': await signPayload(event.body, endpoint.secret),
    // Each attempt has its own timestamp; the body stays the same.
    'x-hostwares-timestamp': String(Math.floor(timestampMs / 1000)),
  };
  return { url: endpoint.url, headers, body: event.body, timeoutMs };
}
