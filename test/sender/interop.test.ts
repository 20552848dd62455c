// Other implementations accept the signatures of the sender, over HTTP and byte by byte.
import { execFileSync } from 'node:child_process';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { verify } from '@octokit/webhooks-methods';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createReceiver, eventTypes, type WebhookEvent } from '../../src/index.js';
import { createMemoryStore, createSender } from '../../src/sender/index.js';
import { sampleEvent } from '../../src/testing/index.js';
import { close, listen } from '../support/http-server.js';
import { hasOpenssl } from '../support/services.js';

const secret = 'whsec_of_the_interop_test_äöü';
const received: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    received.push({ headers: request.headers, body: Buffer.concat(chunks) });
    response.end();
    server.emit('received');
  });
});

const published: WebhookEvent[] = eventTypes.map((type) => sampleEvent(type) as WebhookEvent);
published.push(
  sampleEvent('deployment.failed', { data: { error: 'Zeichen: ✓ \u2028 "🚀" \\u0000 </script>' } }),
);

beforeAll(async () => {
  const sender = createSender({ store: createMemoryStore(), allowPrivateNetwork: true });
  const url = `${await listen(server)}/`;
  await sender.createEndpoint({ url, events: ['*'], secret });
  for (const event of published) await sender.publish(event);
  await sender.start();
  while (received.length <= published.length) await once(server, 'received');
  await sender.stop();
});
afterAll(() => close(server));

const signature = (headers: IncomingHttpHeaders) => String(headers['x-hostwares-signature']);

describe('signed requests of the sender', () => {
  it('are accepted by a receiver, which gets every event as it was published', async () => {
    const events: WebhookEvent[] = [];
    const receiver = createReceiver({ secret }).onAny((event) => events.push(event as WebhookEvent));
    for (const { headers, body } of received) {
      expect(await receiver.receive({ method: 'POST', headers, body })).toMatchObject({ status: 200 });
    }
    const byId = (a: WebhookEvent, b: WebhookEvent) => a.id.localeCompare(b.id);
    expect(events.filter(({ event }) => event !== 'ping').sort(byId)).toEqual([...published].sort(byId));
  });

  it('are accepted by the sample code that the platform publishes', () => {
    // As published, except that the body stays bytes.
    for (const { headers, body } of received) {
      const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
      expect(timingSafeEqual(Buffer.from(signature(headers)), Buffer.from(expected))).toBe(true);
      expect(Math.abs(Date.now() / 1000 - Number(headers['x-hostwares-timestamp']))).toBeLessThan(60);
    }
  });

  it('are accepted by @octokit/webhooks-methods', async () => {
    for (const { headers, body } of received)
      expect(await verify(secret, body.toString(), signature(headers))).toBe(true);
  });

  it.skipIf(!hasOpenssl())('equal those that openssl dgst computes', () => {
    for (const { headers, body } of received) {
      const printed = execFileSync('openssl', ['dgst', '-sha256', '-hmac', secret, '-r'], { input: body });
      expect(`sha256=${printed.toString().split(' ')[0]}`).toBe(signature(headers));
    }
  });
});
