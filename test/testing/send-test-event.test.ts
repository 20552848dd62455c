import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createNodeHandler } from '../../adapters/node.js';
import { createReceiver } from '../../src/index.js';
import { sampleEvent, sendTestEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_test_events';
const closing: (() => void)[] = [];

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/hostwares`;
}

afterEach(() => {
  vi.useRealTimers();
  for (const close of closing.splice(0)) close();
});

describe('sendTestEvent', () => {
  it('posts a signed event and returns status, body and duration', async () => {
    const handler = vi.fn();
    const receiver = createReceiver({ secret }).on('deployment.failed', (event) => handler(event));
    const url = await serve(createNodeHandler(receiver));
    const event = sampleEvent('deployment.failed');
    const response = await sendTestEvent(url, event, { secret });
    expect(response).toEqual({
      status: 200,
      body: '{"received":true}',
      durationMs: expect.any(Number) as number,
    });
    expect(handler).toHaveBeenCalledWith(event);
    expect((await sendTestEvent(new URL(url), 'ping', { secret: 'whsec_another' })).status).toBe(401);
  });

  it('does not follow a redirect', async () => {
    const paths: unknown[] = [];
    const url = await serve((request, response) => {
      paths.push(request.url);
      response.writeHead(307, { location: '/elsewhere' }).end('moved');
    });
    expect(await sendTestEvent(url, 'ping', { secret })).toMatchObject({ status: 307, body: 'moved' });
    expect(paths).toEqual(['/webhooks/hostwares']);
  });

  it('reads 16 KiB of an endless response body', async () => {
    const url = await serve((_request, response) => {
      const write = () => {
        while (!response.destroyed && response.write('x'.repeat(10_000)));
      };
      response.on('drain', write);
      write();
    });
    const { status, body } = await sendTestEvent(url, 'ping', { secret });
    expect([status, body]).toEqual([200, 'x'.repeat(16_384)]);
  });

  it('says what to check when nothing listens on the port', async () => {
    const url = await serve(() => undefined);
    closing.pop()!();
    const { port } = new URL(url);
    const sending = sendTestEvent(`${url}?token=private`, 'ping', { secret });
    await expect(sending).rejects.toThrow(
      `POST ${url} failed: ECONNREFUSED. Is the server running, and does it listen on port ${port}?`,
    );
    await expect(sending).rejects.toHaveProperty('cause');
  });

  it('names the failure when the connection breaks', async () => {
    const url = await serve((request) => request.socket.destroy());
    await expect(sendTestEvent(url, 'ping', { secret })).rejects.toThrow(
      /failed: UND_ERR_SOCKET\. Is the server/,
    );
  });

  it.each(['headers', 'body'])('gives up after 15 s without complete %s', async (missing) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let begin!: () => void;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const url = await serve((_request, response) => {
      if (missing === 'body') response.write('{');
      begin();
    });
    const sending = sendTestEvent(url, 'ping', { secret });
    const rejected = expect(sending).rejects.toThrow(/no complete response within 15 s/);
    await begun;
    await vi.advanceTimersByTimeAsync(14_999);
    expect(await Promise.race([sending.catch(() => 'ended'), Promise.resolve('pending')])).toBe('pending');
    await vi.advanceTimersByTimeAsync(1);
    await rejected;
  });

  it.each(['not a URL', 'ftp://127.0.0.1/'])('rejects %s', async (url) => {
    await expect(sendTestEvent(url, 'ping', { secret })).rejects.toThrow();
  });

  it('rejects a blank secret before it sends', async () => {
    await expect(sendTestEvent('http://127.0.0.1:1/', 'ping', { secret: ' ' })).rejects.toThrow(TypeError);
  });
});
