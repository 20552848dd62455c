import { createServer } from 'node:http';
import { createServer as createHttp2Server, connect as connectHttp2 } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, expect, it, vi } from 'vitest';
import { createNodeHandler } from '../../adapters/node.js';
import { createReceiver } from '../../src/index.js';
import { createSignedRequest } from '../../src/testing/index.js';
import { close, head, listen, open } from './raw-client.js';
import { secret, serverContract } from './server-contract.js';

afterEach(() => {
  vi.useRealTimers();
});

serverContract('node:http', (receiver, path) => {
  const handler = createNodeHandler(receiver);
  return (request, response) => {
    if (request.url === path) handler(request, response);
    else response.writeHead(404).end();
  };
});

it('gives the IncomingMessage to the secret function', async () => {
  const source = vi.fn((_request: unknown) => secret);
  const server = createServer(createNodeHandler(createReceiver({ secret: source })));
  const url = await listen(server);
  const request = await createSignedRequest('ping', { secret, url });
  expect((await fetch(request)).status).toBe(200);
  expect(source.mock.calls[0]?.[0]).toHaveProperty('socket');
  await close(server);
});

it('cuts off a client that drips, after it was answered', async () => {
  const onRejected = vi.fn();
  const server = createServer(createNodeHandler(createReceiver({ secret, onRejected })));
  const url = await listen(server);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const { headers } = await createSignedRequest('ping', { secret });
  const { socket, answer } = await open(url);
  const arrived = once(server, 'request');
  socket.write(`${head('/', { ...Object.fromEntries(headers), 'Content-Length': 500 })}{"id"`);
  await arrived;
  await vi.advanceTimersByTimeAsync(16_000);
  expect(await answer()).toMatch(/^HTTP\/1\.1 401 /);
  expect(onRejected.mock.lastCall?.[0].hint).toMatch(/Content-Length says 500 bytes, the body has 5/);
  const closed = once(socket, 'close');
  await vi.advanceTimersByTimeAsync(5_000);
  await closed;
  vi.useRealTimers();
  await close(server);
});

it('keeps the connection, and after a while no timer is left', async () => {
  const server = createServer(createNodeHandler(createReceiver({ secret })));
  const url = await listen(server);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const { socket, answer } = await open(url);
  const request = await createSignedRequest('ping', { secret });
  const body = await request.text();
  socket.write(head('/', { ...Object.fromEntries(request.headers), 'Content-Length': body.length }) + body);
  expect(await answer()).toMatch(
    /^HTTP\/1\.1 200 OK\r\n(?=[\s\S]*content-length: 17\r\n)(?=[\s\S]*keep-alive)/i,
  );
  await vi.advanceTimersByTimeAsync(1_000);
  expect(vi.getTimerCount()).toBe(0);
  socket.destroy();
  vi.useRealTimers();
  await close(server);
});

it('serves HTTP/2', async () => {
  const server = createHttp2Server(createNodeHandler(createReceiver({ secret })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const request = await createSignedRequest('ping', { secret });
  const stream = session.request({ ':method': 'POST', ':path': '/', ...Object.fromEntries(request.headers) });
  stream.end(await request.text());
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  expect(headers[':status']).toBe(200);
  session.close();
  server.close();
});

it('answers where the request breaks with an error, as streams that are not sockets do', async () => {
  const onRejected = vi.fn();
  const { headers } = await createSignedRequest('ping', { secret });
  const request = Object.assign(new PassThrough(), {
    method: 'POST',
    headers: Object.fromEntries(headers),
    complete: false,
  });
  const answered = new Promise<number>((resolve) => {
    const response = { headersSent: false, destroyed: false, writeHead: resolve, end: () => undefined };
    createNodeHandler(createReceiver({ secret, onRejected }))(request, response);
  });
  request.write('{"id"');
  request.destroy(new Error('broken'));
  expect(await answered).toBe(401);
});
