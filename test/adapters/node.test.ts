import { createServer, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, connect as connectHttp2 } from 'node:http2';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createExpressHandler, createExpressMiddleware } from '../../adapters/express.js';
import { createHonoHandler, createHonoMiddleware } from '../../adapters/hono.js';
import { createNextHandler, withWebhook } from '../../adapters/next.js';
import { createNodeHandler } from '../../adapters/node.js';
import { createReceiver } from '../../src/index.js';
import { createSignedRequest } from '../../src/testing/index.js';
import { close, listen } from '../support/http-server.js';
import { head, open } from '../support/raw-client.js';
import { secret, describeServer } from './server-suite.js';

afterEach(() => {
  vi.useRealTimers();
});

describeServer('node:http', (receiver, path) => {
  const handler = createNodeHandler(receiver);
  return (request, response) => {
    if (request.url === path) void handler(request, response);
    else response.writeHead(404).end();
  };
});

it('createNodeHandler passes the IncomingMessage to the secret function', async () => {
  const source = vi.fn((_request: unknown) => secret);
  const server = createServer(createNodeHandler(createReceiver({ secret: source })));
  const url = await listen(server);
  const request = await createSignedRequest('ping', { secret, url });
  expect((await fetch(request)).status).toBe(200);
  expect(source.mock.calls[0]?.[0]).toHaveProperty('socket');
  await close(server);
});

it('createNodeHandler responds to a body that is too slow, and later closes the connection', async () => {
  const onRejected = vi.fn();
  // A fresh copy of the module: its timer would otherwise still be the real one of an earlier test.
  vi.resetModules();
  const fresh = await import('../../adapters/node.js');
  const server = createServer(fresh.createNodeHandler(createReceiver({ secret, onRejected })));
  const url = await listen(server);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  const { headers } = await createSignedRequest('ping', { secret });
  const { socket, answer } = await open(url);
  const arrived = once(server, 'request');
  socket.write(`${head('/', { ...Object.fromEntries(headers), 'Content-Length': 500 })}{"id"`);
  await arrived;
  await vi.advanceTimersByTimeAsync(16_000);
  expect(await answer()).toMatch(/^HTTP\/1\.1 401 /);
  expect(onRejected.mock.lastCall?.[0].hint).toMatch(/Content-Length says 500 bytes, but the body has 5/);
  const closed = once(socket, 'close');
  await vi.advanceTimersByTimeAsync(5_000);
  await closed;
  vi.useRealTimers();
  await close(server);
});

it('createNodeHandler keeps the connection alive, and leaves no timer behind', async () => {
  const server = createServer(createNodeHandler(createReceiver({ secret })));
  const url = await listen(server);
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] });
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

it('createNodeHandler serves HTTP/2', async () => {
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

it('createNodeHandler responds if the request stream fails with an error', async () => {
  const onRejected = vi.fn();
  const { headers } = await createSignedRequest('ping', { secret });
  const request = Object.assign(new PassThrough(), {
    method: 'POST',
    headers: Object.fromEntries(headers),
    complete: false,
  });
  const answered = new Promise<number>((resolve) => {
    const response = { headersSent: false, destroyed: false, writeHead: resolve, end: () => undefined };
    void createNodeHandler(createReceiver({ secret, onRejected }))(request, response);
  });
  request.write('{"id"');
  request.destroy(new Error('broken'));
  expect(await answered).toBe(401);
});

describe('the promise of createNodeHandler', () => {
  async function serve(receiver = createReceiver({ secret })) {
    const handler = createNodeHandler(receiver);
    const settled = vi.fn();
    const server = createServer((request, response) => {
      void handler(request, response).then(() => {
        settled(response.writableFinished);
      }, settled);
    });
    return { server, settled, url: await listen(server) };
  }

  it('resolves when the response has been sent', async () => {
    const { server, settled, url } = await serve();
    expect((await fetch(await createSignedRequest('ping', { secret, url }))).status).toBe(200);
    expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401);
    await vi.waitFor(() => {
      expect(settled.mock.calls).toEqual([[true], [true]]);
    });
    await close(server);
  });

  it('resolves when the client has disconnected', async () => {
    let end: () => void = () => undefined;
    const receiver = createReceiver({ secret }).onAny(() => new Promise<void>((resolve) => (end = resolve)));
    const { server, settled, url } = await serve(receiver);
    const request = await createSignedRequest('ping', { secret });
    const body = await request.text();
    const { socket } = await open(url);
    const arrived = once(server, 'request');
    socket.write(head('/', { ...Object.fromEntries(request.headers), 'Content-Length': body.length }) + body);
    const [, response] = (await arrived) as [unknown, ServerResponse];
    socket.destroy();
    await once(response, 'close');
    end();
    await vi.waitFor(() => {
      expect(settled).toHaveBeenCalledExactlyOnceWith(false);
    });
    await close(server);
  });
});

describe('the argument of an adapter', () => {
  const receiver = createReceiver({ secret });
  const options = { secret } as never;

  it.each([
    ['createExpressHandler', createExpressHandler],
    ['createHonoHandler', createHonoHandler],
    ['createNextHandler', createNextHandler],
    ['createNodeHandler', createNodeHandler],
  ] as [string, (receiver: never) => unknown][])('of %s must be a receiver', (name, create) => {
    for (const wrong of [options, undefined, null, () => 0]) {
      expect(() => create(wrong as never)).toThrow(new RegExp(`^${name} takes a receiver`));
    }
    expect(() => create(receiver as never)).not.toThrow();
  });

  it.each([
    ['createExpressMiddleware', createExpressMiddleware],
    ['createHonoMiddleware', createHonoMiddleware],
    ['withWebhook', (wrong: never) => withWebhook(wrong, () => new Response())],
  ] as [string, (options: never) => unknown][])('of %s must be options, not a receiver', (name, create) => {
    for (const wrong of [receiver, undefined, null]) {
      expect(() => create(wrong as never)).toThrow(
        new RegExp(`^${name} takes options.*(?:Handler)\\(receiver\\)`),
      );
    }
    expect(() => create(options)).not.toThrow();
  });

  const noop = () => undefined;
  const node = { request: { on: noop, headers: {} }, response: { writeHead: noop, end: noop } };
  it.each([
    ['Fastify', { raw: {}, headers: {}, body: Buffer.from('{}') }, { raw: {}, send: noop }],
    ["Koa's ctx", { req: {}, headers: {} }, undefined],
    ['a web Request', new Request('http://localhost/'), undefined],
    ['a request alone', node.request, undefined],
    ['a response that cannot write a head', node.request, { end: noop }],
    ['a response that cannot end', node.request, { writeHead: noop }],
    ['a request without events', { headers: {} }, node.response],
    ['a request without headers', { on: noop }, node.response],
    ['a response twice', node.response, node.response],
    ['nothing', undefined, undefined],
  ])('of a Node or Express handler throws for %s before the verification', (_name, request, response) => {
    const verified = vi.fn(() => secret);
    const handler = createReceiver({ secret: verified }).onAny(verified);
    for (const handle of [createNodeHandler(handler), createExpressHandler(handler)]) {
      expect(() => handle(request as never, response as never)).toThrow(
        /not called with Node's request and response/,
      );
    }
    const middleware = createExpressMiddleware({ secret: verified });
    expect(() => middleware(request as never, response as never, verified)).toThrow(TypeError);
    expect(verified).not.toHaveBeenCalled();
  });
});

it('createNodeHandler reads the stream if a getter for the parsed body throws, as on Vercel', async () => {
  const handler = createNodeHandler(createReceiver({ secret }));
  const server = createServer((request, response) => {
    Object.defineProperty(request, 'body', {
      get() {
        throw new Error('Invalid JSON');
      },
    });
    void handler(request, response);
  });
  const url = await listen(server);
  expect((await fetch(await createSignedRequest('ping', { secret, url }))).status).toBe(200);
  await close(server);
});
