import { createServer, type IncomingMessage } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { describe, expect, it, vi } from 'vitest';
import { createHonoHandler, createHonoMiddleware } from '../../adapters/hono.js';
import { createReceiver } from '../../src/index.js';
import { createSignedRequest } from '../../src/testing/index.js';
import { close, listen } from '../support/http-server.js';
import { secret, describeServer } from './server-suite.js';

const path = '/webhooks/hostwares';
const signed = (event = 'ping') => createSignedRequest(event, { secret, url: `http://localhost${path}` });

describeServer('Hono on Node', (receiver, at) =>
  getRequestListener(new Hono().post(at, createHonoHandler(receiver)).fetch),
);

describe('createHonoHandler', () => {
  it('passes c to the secret function and to handlers', async () => {
    const handler = vi.fn();
    const receiver = createReceiver({
      secret: (c) => (c as Context<{ Bindings: { WEBHOOK_SECRET: string } }>).env.WEBHOOK_SECRET,
    }).onAny((_event, { adapterContext }) => handler((adapterContext as Context).env));
    const app = new Hono().post(path, createHonoHandler(receiver));
    const env = { WEBHOOK_SECRET: secret };
    expect((await app.request(await signed(), undefined, env)).status).toBe(200);
    expect(handler).toHaveBeenCalledWith(env);
    expect((await app.request(await signed(), undefined, {})).status).toBe(500);
  });

  it('passes waitUntil of the platform to handlers', async () => {
    const executionCtx = { waitUntil: vi.fn(), passThroughOnException: vi.fn(), props: {} };
    const work = Promise.resolve();
    const receiver = createReceiver({ secret }).onAny((_event, { waitUntil }) => waitUntil?.(work));
    const app = new Hono().post(path, createHonoHandler(receiver));
    expect((await app.fetch(await signed(), {}, executionCtx)).status).toBe(200);
    expect(executionCtx.waitUntil).toHaveBeenCalledExactlyOnceWith(work);
  });

  it.each([
    ['json', (c: Context) => c.req.json()],
    ['text', (c: Context) => c.req.text()],
    ['arrayBuffer', (c: Context) => c.req.arrayBuffer()],
  ])('returns 500 behind c.req.%s()', async (_name, read) => {
    const onRejected = vi.fn();
    const app = new Hono();
    app.use(async (c, next) => {
      await read(c);
      await next();
    });
    app.post(path, createHonoHandler(createReceiver({ secret, onRejected })));
    const response = await app.request(await signed());
    expect([response.status, await response.json()]).toEqual([500, { error: 'body_already_parsed' }]);
    expect(onRejected.mock.lastCall?.[0].hint).toMatch(/before anything else reads the body/);
  });

  it('handles an event behind bodyLimit, in a sub-app and in a base path', async () => {
    const sub = new Hono().use(bodyLimit({ maxSize: 100_000 }));
    sub.post('/hostwares', createHonoHandler(createReceiver({ secret })));
    const app = new Hono().basePath('/api').route('/webhooks', sub);
    const request = new Request(`http://localhost/api/webhooks/hostwares`, await signed());
    expect((await app.request(request)).status).toBe(200);
  });

  it('returns 405 with Allow on app.all', async () => {
    const app = new Hono().all(path, createHonoHandler(createReceiver({ secret })));
    const response = await app.request(path);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });
});

describe('Hono on Node, behind a host that has read the body', () => {
  type Keep = (request: IncomingMessage & { body?: unknown; rawBody?: unknown }, bytes: Buffer) => void;

  it.each<[string, number, Keep]>([
    ['rawBody as bytes', 200, (request, bytes) => (request.rawBody = bytes)],
    ['body as bytes', 200, (request, bytes) => (request.body = bytes)],
    ['a parsed body', 500, (request, bytes) => (request.body = JSON.parse(bytes.toString()))],
    ['a getter that parses', 500, (request, bytes) => void Object.defineProperty(request, 'body', { get: () => JSON.parse(bytes.toString()) as unknown })], // prettier-ignore
    ['a body as text', 500, (request, bytes) => (request.body = bytes.toString())],
    ['nothing', 500, () => undefined],
  ])('with %s returns %i', async (_name, status, keep) => {
    const onRejected = vi.fn();
    const seen = vi.fn();
    const app = new Hono()
      .post('/handler', createHonoHandler(createReceiver({ secret, onRejected }).onAny(seen)))
      .post('/middleware', createHonoMiddleware({ secret, onRejected }), (c) => {
        seen();
        return c.text('ok');
      });
    const listener = getRequestListener(app.fetch);
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        keep(request, Buffer.concat(chunks));
        void listener(request, response);
      });
    });
    const base = await listen(server);
    // With Content-Length, and in chunks without.
    for (const url of [`${base}/handler`, `${base}/middleware`]) {
      for (const chunked of [false, true]) {
        seen.mockClear();
        const request = await createSignedRequest('ping', { secret, url });
        const body = chunked ? request.body : await request.text();
        const init = { method: 'POST', headers: request.headers, body, duplex: 'half' } as RequestInit;
        expect((await fetch(url, init)).status).toBe(status);
        expect(seen).toHaveBeenCalledTimes(status === 200 ? 1 : 0);
      }
    }
    for (const [error] of onRejected.mock.calls) expect(error).toMatchObject({ code: 'body_already_parsed' });
    await close(server);
  });

  it('handles an event behind bodyLimit, which reads the stream itself', async () => {
    const app = new Hono()
      .use(bodyLimit({ maxSize: 1_000_000 }))
      .post(path, createHonoHandler(createReceiver({ secret })));
    const server = createServer(getRequestListener(app.fetch));
    const url = (await listen(server)) + path;
    expect((await fetch(await createSignedRequest('ping', { secret, url }))).status).toBe(200);
    await close(server);
  });
});

describe('createHonoMiddleware', () => {
  const app = new Hono().post(path, createHonoMiddleware({ secret }), (c) =>
    c.json({ type: c.var.webhookEvent.event }, 202),
  );

  it('sets c.var.webhookEvent and calls next', async () => {
    const response = await app.request(await signed('site.created'));
    expect([response.status, await response.json()]).toEqual([202, { type: 'site.created' }]);
  });

  it('returns 401 for an unsigned request', async () => {
    const response = await app.request(path, { method: 'POST', body: '{}' });
    expect([response.status, await response.json()]).toEqual([401, { error: 'missing_signature' }]);
  });

  it('passes c to the secret function', async () => {
    const bound = new Hono<{ Bindings: { SECRET: string } }>().post(
      path,
      createHonoMiddleware({ secret: (c) => (c as Context<{ Bindings: { SECRET: string } }>).env.SECRET }),
      (c) => c.body(null, 204),
    );
    expect((await bound.request(await signed(), undefined, { SECRET: secret })).status).toBe(204);
  });
});
