// The requests that every framework must handle in the same way.
import { createSignedRequest, sampleEvent } from '@hostwares/webhooks/testing';

export const secret = 'whsec_frameworks';

const large = sampleEvent('deployment.failed', { data: { error: 'x'.repeat(250_000) } });
const unusual = sampleEvent('site.created', { data: { site_name: 'Größe ✓ 42.50 "quoted" \u2028' } });

/** Returns a function that creates a signed request to a URL. */
const signed = (event) => (url) => createSignedRequest(event, { secret, url });

/**
 * `event` is the type that a handler must receive; without it, no handler may run. `hasSignature`: the request has a
 * well-formed signature, so that the receiver reads its body.
 * @type {{ name: string, create: (url: string) => Request | Promise<Request>, status: number, event?: string,
 *   hasSignature: boolean }[]}
 */
export const requests = [
  {
    name: 'an event',
    create: signed('deployment.completed'),
    status: 200,
    hasSignature: true,
    event: 'deployment.completed',
  },
  {
    name: 'text that is not ASCII',
    create: signed(unusual),
    status: 200,
    hasSignature: true,
    event: 'site.created',
  },
  {
    name: 'an event of 250 kB',
    create: signed(large),
    status: 200,
    hasSignature: true,
    event: 'deployment.failed',
  },
  {
    name: 'a forged event',
    create: (url) => createSignedRequest('ping', { secret: 'whsec_of_somebody_else', url }),
    status: 401,
    hasSignature: true,
  },
  {
    name: 'a request without a signature',
    create: (url) =>
      new Request(url, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }),
    status: 401,
    hasSignature: false,
  },
];
