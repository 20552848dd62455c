import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createReceiver, signPayload, type Receiver, type WebhookError } from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';
import { close, listen } from '../support/http-server.js';
import { head, open } from '../support/raw-client.js';

export const secret = 'whsec_server';

/** The behaviour that every server and framework must show, tested over real sockets. */
export function describeServer(
  name: string,
  mount: (receiver: Receiver, path: string) => RequestListener,
  /** False if a body parser reads the body first, with its own limits and deadlines. */
  readsBody = true,
): void {
  describe(name, () => {
    const path = '/webhooks/hostwares';
    const rejected: WebhookError[] = [];
    const handled = vi.fn();
    let server: Server;
    let url: string;
    const unhandled = vi.fn();

    beforeAll(async () => {
      process.on('unhandledRejection', unhandled);
      const receiver = createReceiver({
        secret,
        maxBodyBytes: 100_000,
        onRejected: (error) => rejected.push(error),
      });
      receiver.onAny((event) => {
        handled(event.event);
      });
      server = createServer(mount(receiver, path));
      url = await listen(server);
    });
    afterAll(async () => {
      await close(server);
      process.off('unhandledRejection', unhandled);
      expect(unhandled).not.toHaveBeenCalled();
    });
    beforeEach(() => {
      rejected.length = 0;
      handled.mockClear();
    });
    afterEach(async () => {
      // After each test the server must still serve.
      expect((await post(await createSignedRequest('ping', { secret }))).status).toBe(200);
    });

    const post = (request: Request, init: RequestInit = {}) =>
      fetch(new Request(url + path, { method: 'POST', headers: request.headers, ...init }), {
        body: request.body,
        duplex: 'half',
      } as RequestInit);
    const signedHead = async (more: Record<string, string | number>) => {
      const request = await createSignedRequest('site.created', { secret });
      const body = await request.text();
      return {
        body,
        head: (length = body.length) =>
          head(path, { ...Object.fromEntries(request.headers), 'Content-Length': length, ...more }),
      };
    };

    it('handles a signed event and returns 200', async () => {
      const response = await post(await createSignedRequest('deployment.completed', { secret }));
      expect([response.status, response.headers.get('content-type'), await response.text()]).toEqual([
        200,
        expect.stringMatching(/^application\/json/),
        '{"received":true}',
      ]);
      expect(handled).toHaveBeenCalledExactlyOnceWith('deployment.completed');
    });

    it('verifies the received bytes of a chunked body with non-ASCII text', async () => {
      const event = {
        id: 'evt_1',
        event: 'ping',
        account_id: 'a',
        timestamp: '2026-01-31T08:00:00Z',
        data: { webhook_id: '✓é\u2028', events: [] },
      } as const;
      const signed = await createSignedRequest(event as never, { secret });
      const bytes = new Uint8Array(await signed.arrayBuffer());
      const chunks = new ReadableStream({
        start(controller) {
          for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.subarray(at, at + 7));
          controller.close();
        },
      });
      const response = await fetch(url + path, {
        method: 'POST',
        headers: signed.headers,
        body: chunks,
        duplex: 'half',
      } as RequestInit);
      expect(response.status).toBe(200);
    });

    it('returns 401 and the code alone for forged and unsigned requests', async () => {
      const forged = await post(await createSignedRequest('ping', { secret: 'other' }));
      expect([forged.status, await forged.json()]).toEqual([401, { error: 'signature_mismatch' }]);
      const bare = await fetch(url + path, { method: 'POST', body: '{}' });
      expect([bare.status, await bare.json()]).toEqual([401, { error: 'missing_signature' }]);
      expect(handled).not.toHaveBeenCalled();
    });

    it('returns 401 for a repeated signature header', async () => {
      const { body, head: headOf } = await signedHead({});
      const twice = headOf().replace(/x-hostwares-signature: .*\r\n/i, (line) => line + line);
      const { socket, answer } = await open(url);
      socket.write(twice + body);
      expect(await answer()).toMatch(/^HTTP\/1\.1 401 [\s\S]*malformed_signature/);
      socket.destroy();
    });

    if (readsBody)
      it('returns 413 for a declared length above maxBodyBytes before the body arrives', async () => {
        const { head: headOf } = await signedHead({});
        const { socket, answer } = await open(url);
        socket.write(headOf(1_000_000));
        expect(await answer()).toMatch(/^HTTP\/1\.1 413 [\s\S]*body_too_large/);
        socket.destroy();
      });

    if (readsBody)
      it('returns 413 for a body above maxBodyBytes, and the client can read the response', async () => {
        const { headers } = await createSignedRequest('ping', { secret });
        const response = await fetch(url + path, {
          method: 'POST',
          // The connection is not for use after this: a server may cut it off.
          headers: { ...Object.fromEntries(headers), connection: 'close' },
          body: new Uint8Array(3_000_000),
        });
        expect([response.status, await response.json()]).toEqual([413, { error: 'body_too_large' }]);
        const { socket, answer } = await open(url);
        const chunk = `1000\r\n${'x'.repeat(4096)}\r\n`;
        socket.write(
          head(path, { ...Object.fromEntries(headers), 'Transfer-Encoding': 'chunked' }) + chunk.repeat(30),
        );
        expect(await answer()).toMatch(/^HTTP\/1\.1 413 /);
        socket.destroy();
      });

    describe.each([
      ['with Content-Length', (bytes: Uint8Array<ArrayBuffer>) => bytes],
      ['in chunks', (bytes: Uint8Array<ArrayBuffer>) => new Blob([bytes]).stream()],
    ])('maxBodyBytes, for a body %s', (_form, toBody) => {
      it.each([
        ['accepts a body of exactly that length', 100_000, 200],
        ['returns 413 for one byte more', 100_001, 413],
      ])('%s', async (_condition, length, status) => {
        const bytes = new TextEncoder().encode(JSON.stringify(sampleEvent('ping')).padEnd(length, ' '));
        const response = await fetch(url + path, {
          method: 'POST',
          headers: {
            'x-hostwares-signature': await signPayload(bytes, secret),
            'x-hostwares-timestamp': String(Math.floor(Date.now() / 1000)),
            'content-type': 'application/json',
            connection: 'close',
          },
          body: toBody(bytes),
          duplex: 'half',
        } as RequestInit);
        expect(response.status).toBe(status);
        expect(rejected.map(({ code }) => code)).toEqual(status === 413 ? ['body_too_large'] : []);
      });
    });

    it.each(['destroy', 'resetAndDestroy', 'end'] as const)(
      'survives a client that disconnects in the middle of the body (%s)',
      async (leave) => {
        const { body, head: headOf } = await signedHead({});
        const { socket } = await open(url);
        const arrived = once(server, 'request');
        socket.write(headOf() + body.slice(0, 20));
        const [request] = (await arrived) as [IncomingMessage];
        const closed = new Promise((resolve) => request.once('close', resolve));
        socket[leave]();
        await closed;
        if (readsBody)
          await vi.waitFor(() => expect(rejected.map(({ code }) => code)).toEqual(['signature_mismatch']));
        expect(handled).not.toHaveBeenCalled();
        socket.destroy();
      },
    );

    it('returns 401 for a body that is longer than its Content-Length', async () => {
      const { body, head: headOf } = await signedHead({});
      const { socket, answer } = await open(url);
      socket.write(`${headOf(body.length - 1)}${body}`);
      // Node parses the surplus byte as the next request, and may respond to that first.
      expect(await answer()).toMatch(/^HTTP\/1\.1 (?:401 [\s\S]*signature_mismatch|400 Bad Request)/);
      await vi.waitFor(() => {
        expect(rejected[0]?.code).toBe('signature_mismatch');
      });
      expect(handled).not.toHaveBeenCalled();
      socket.destroy();
    });

    it('serves 100 concurrent requests', async () => {
      const answers = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const good = index % 2 === 0;
          return (await post(await createSignedRequest('ping', { secret: good ? secret : 'other' }))).status;
        }),
      );
      expect(answers.filter((status) => status === 200)).toHaveLength(50);
      expect(answers.filter((status) => status === 401)).toHaveLength(50);
    });
  });
}
