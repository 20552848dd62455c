import type { Check, CheckContext } from '../types.js';
import { rejectionCheck, type ForgedRequest } from './deliver.js';

function createBody({ events }: CheckContext): { body: string; eventId: string } {
  const { json, id } = events.create('deployment.completed');
  return { body: json, eventId: id };
}

/** Signs a body, and changes it afterwards. */
async function changeAfterSigning(
  context: CheckContext,
  what: string,
  change: (body: string) => string,
): Promise<ForgedRequest> {
  const { body, eventId } = createBody(context);
  return { what, body: change(body), eventId, signature: [await context.client.sign(body)] };
}

const wrongSecret = rejectionCheck({
  id: 'wrong-secret',
  group: 'forged',
  title: 'rejects signatures made with another secret',
  why: 'Anybody on the internet can send your endpoint an event, and your code acts on it.',
  fix: 'Compute HMAC-SHA256 of the raw body with your secret, compare it with the header in constant time, and answer 401 if they differ. Stop at start if the secret is not set.',
  severity: 'critical',
  ifAcknowledged: 'fail',
  requests: (context) => {
    const forge = (what: string, key: string): ForgedRequest => {
      const { body, eventId } = createBody(context);
      return { what, body, eventId, signature: [`sha256=${context.client.hmac('sha256', body, key)}`] };
    };
    return [
      forge('a signature made with another secret', `whsec_${context.random.hex(32)}`),
      forge('a signature made with an empty secret', ''),
      forge('a signature made with the secret "undefined"', 'undefined'),
    ];
  },
});

const tamperedBody = rejectionCheck({
  id: 'tampered-body',
  group: 'forged',
  title: 'rejects a body that was changed after signing',
  why: 'Somebody who has seen one genuine request can change its content and have your code act on it.',
  fix: 'Compute the HMAC over the whole body as it arrived.',
  severity: 'critical',
  ifAcknowledged: 'fail',
  requires: ['wrong-secret'],
  requests: async (context) => {
    return [
      await changeAfterSigning(context, 'a changed id', (body) => body.replace('evt_check_', 'evt_forged_')),
      await changeAfterSigning(context, 'a changed field at the end', (body) =>
        body.replace('shop.example.com', 'evil.example.com'),
      ),
    ];
  },
});

const reformattedBody = rejectionCheck({
  id: 'reformatted-body',
  group: 'forged',
  title: 'rejects other bytes with the same JSON content',
  why: 'The endpoint hashes re-serialized JSON, not the bytes that were signed. Differences between JSON parsers then become ways to forge events.',
  fix: 'Verify the raw body before anything parses it.',
  severity: 'critical',
  ifAcknowledged: 'fail',
  requires: ['tampered-body'],
  requests: async (context) => {
    return [
      await changeAfterSigning(context, 'a body with a space that was not signed', (body) =>
        body.replace('{"', '{ "'),
      ),
      await changeAfterSigning(
        context,
        'a body with a line break that was not signed',
        (body) => `${body}\n`,
      ),
    ];
  },
});

/** Requests that an attacker without the secret can make. */
export const forgedChecks: readonly Check[] = [wrongSecret, tamperedBody, reformattedBody];
