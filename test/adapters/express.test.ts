import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import express5, { type Express } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createExpressHandler, createExpressMiddleware } from '../../adapters/express.js';
import { createReceiver, type Receiver, type WebhookError } from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';
import { close, listen } from '../support/http-server.js';
import { secret, describeServer } from './server-suite.js';

// Express 4 has the same types as far as these tests go.
const { default: express4 } = (await import('express4' as string)) as { default: typeof express5 };

describe.each([
  ['Express 4', express4],
  ['Express 5', express5],
])('%s', (_name, express) => {
  let server: Server | undefined;
  const rejected: WebhookError[] = [];
  const handled = vi.fn();
  let receiver: Receiver;

  beforeEach(() => {
    rejected.length = 0;
    handled.mockClear();
    receiver = createReceiver({ secret, onRejected: (error) => rejected.push(error) }).onAny((event) => {
      handled(event.event);
    });
  });
  afterEach(async () => {
    if (server) await close(server);
  });

  async function send(
    app: Express,
    path = '/webhooks/hostwares',
    request?: Request,
  ): Promise<[number, unknown]> {
    server = createServer(app);
    const url = (await listen(server)) + path;
    const signed = request ?? (await createSignedRequest('ping', { secret }));
    const response = await fetch(url, {
      method: 'POST',
      headers: signed.headers,
      body: await signed.arrayBuffer(),
    });
    const text = await response.text();
    return [response.status, text.startsWith('{') ? JSON.parse(text) : text];
  }
  const ok = [200, { received: true }];
  const gone = [500, { error: 'body_already_parsed' }];

  describeServer('as a server', (each, path) => express().post(path, createExpressHandler(each)));
  describeServer(
    'behind express.raw',
    (each, path) =>
      express().post(path, express.raw({ type: '*/*', limit: '1mb' }), createExpressHandler(each)),
    false,
  );

  it('handles an event before a global JSON parser', async () => {
    const app = express();
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    app.use(express.json());
    expect(await send(app)).toEqual(ok);
  });

  it.each([
    ['json', () => express.json()],
    ['text', () => express.text({ type: '*/*' })],
    ['urlencoded', () => express.urlencoded({ type: '*/*', extended: false })],
  ])('returns 500 behind a global %s parser, and names the fix', async (_parser, parser) => {
    const app = express();
    app.use(parser());
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(gone);
    expect(rejected[0]?.hint).toMatch(/before app\.use\(express\.json\(\)\).*verify: \(req, _res, buf\)/);
    expect(handled).not.toHaveBeenCalled();
  });

  it('returns 500 if something else has read the stream', async () => {
    const app = express();
    app.use((req, _res, next) => {
      req.on('data', () => undefined).on('end', next);
    });
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(gone);
  });

  it('returns 500 if something else is reading the stream', async () => {
    const app = express();
    app.use((req, _res, next) => {
      req.on('data', () => undefined);
      next();
    });
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(gone);
  });

  it('reads the stream behind a parser for other content types', async () => {
    const app = express();
    app.use(express.json({ type: 'application/vnd.api+json' }), express.raw({ type: 'image/*' }));
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(ok);
  });

  it('uses the bytes that a verify hook, or Cloud Functions, kept in rawBody', async () => {
    const app = express();
    app.use(
      express.json({
        verify: (req, _res, buf) => {
          (req as { rawBody?: Buffer }).rawBody = buf;
        },
      }),
    );
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(ok);
    expect(handled).toHaveBeenCalledOnce();
  });

  it('returns 500 for a rawBody that is text, because it was decoded', async () => {
    const app = express();
    app.use(
      express.json({
        verify: (req, _res, buf) => {
          (req as { rawBody?: string }).rawBody = buf.toString();
        },
      }),
    );
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(gone);
  });

  describe('with an event as large as the platform sends', () => {
    const keep = express.json({
      limit: '1mb',
      verify: (req, _res, buf) => {
        (req as { rawBody?: Buffer }).rawBody = buf;
      },
    });
    const large = () =>
      createSignedRequest(
        sampleEvent('deployment.failed', { data: { error: 'x'.repeat(260_000) } as never }),
        {
          secret,
        },
      );

    it.each([
      ['before any parser', (app: Express) => app.post('/hook', createExpressHandler(receiver))],
      [
        'with express.raw and its limit',
        (app: Express) =>
          app.post('/hook', express.raw({ type: '*/*', limit: '1mb' }), createExpressHandler(receiver)),
      ],
      [
        'with express.json, its limit and verify',
        (app: Express) => app.use(keep).post('/hook', createExpressHandler(receiver)),
      ],
    ])('handles it %s', async (_name, mount) => {
      const app = express();
      mount(app);
      expect(await send(app, '/hook', await large())).toEqual(ok);
      expect(handled).toHaveBeenCalledOnce();
    });

    it('Express itself returns 413 without a limit, and the receiver is not called', async () => {
      const app = express();
      app.post('/hook', express.raw({ type: '*/*' }), createExpressHandler(receiver));
      app.use(((error: { status: number }, _req, res, _next) => {
        res.sendStatus(error.status);
      }) satisfies express5.ErrorRequestHandler);
      expect((await send(app, '/hook', await large()))[0]).toBe(413);
      expect([handled.mock.calls, rejected]).toEqual([[], []]);
    });
  });

  it('handles an event in routers, sub-apps and mounted paths', async () => {
    const router = express.Router();
    router.post('/hostwares', createExpressHandler(receiver));
    const sub = express();
    sub.use('/webhooks', router);
    const app = express();
    app.use('/api', sub);
    app.use(express.json());
    expect(await send(app, '/api/webhooks/hostwares')).toEqual(ok);
  });

  it('returns 405 for GET on app.use', async () => {
    const app = express();
    app.use('/hook', createExpressHandler(receiver));
    server = createServer(app);
    const response = await fetch(`${await listen(server)}/hook`);
    expect([response.status, response.headers.get('allow'), await response.json()]).toEqual([
      405,
      'POST',
      { error: 'method_not_allowed' },
    ]);
  });

  it('returns 401 for a compressed body', async () => {
    const signed = await createSignedRequest('ping', { secret });
    const headers = new Headers(signed.headers);
    headers.set('content-encoding', 'gzip');
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers,
      body: gzipSync(await signed.text()),
    });
    const app = express();
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app, undefined, request)).toEqual([401, { error: 'signature_mismatch' }]);
  });

  it('keeps the response of a timeout middleware', async () => {
    const app = express();
    const slow = createReceiver({ secret }).onAny((_event, { adapterContext }) => {
      (adapterContext as { res: { status: (code: number) => { end: () => void } } }).res.status(504).end();
    });
    app.post('/webhooks/hostwares', createExpressHandler(slow));
    expect((await send(app))[0]).toBe(504);
  });

  it('runs the handlers if a previous middleware has responded, and keeps its response', async () => {
    const app = express();
    app.use((_req, res, next) => {
      res.status(503).json({ busy: true });
      next();
    });
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual([503, { busy: true }]);
    await vi.waitFor(() => {
      expect(handled).toHaveBeenCalledOnce();
    });
  });

  it('resolves when the response has been sent', async () => {
    const handler = createExpressHandler(receiver);
    const finished = vi.fn();
    const app = express();
    app.post('/webhooks/hostwares', async (req, res) => {
      await handler(req, res);
      finished(res.writableFinished);
    });
    expect(await send(app)).toEqual(ok);
    expect(finished).toHaveBeenCalledExactlyOnceWith(true);
  });

  describe('middleware', () => {
    it('calls next if a previous middleware has responded, so that the event is not lost', async () => {
      const next = vi.fn();
      const app = express();
      app.use((_req, res, next) => {
        res.status(503).end();
        next();
      });
      app.post(
        '/webhooks/hostwares',
        createExpressMiddleware({ secret }),
        (req) => void next(req.webhookEvent?.event),
      );
      expect((await send(app))[0]).toBe(503);
      await vi.waitFor(() => {
        expect(next).toHaveBeenCalledExactlyOnceWith('ping');
      });
    });

    it('does not protect a handler in front of it, which gets no event', async () => {
      const app = express();
      app.post(
        '/webhooks/hostwares',
        (req, res) => void res.json({ verified: req.webhookEvent !== undefined }),
        createExpressMiddleware({ secret }),
      );
      expect(await send(app)).toEqual([200, { verified: false }]);
    });

    it('sets req.webhookEvent and calls next, also in front of a body parser', async () => {
      const app = express();
      app.post(
        '/webhooks/hostwares',
        createExpressMiddleware({ secret }),
        express.json(),
        (req, res) => void res.status(202).json({ type: req.webhookEvent?.event }),
      );
      expect(await send(app)).toEqual([202, { type: 'ping' }]);
    });

    it('returns 401 for a forged request, and does not call next', async () => {
      const next = vi.fn();
      const onRejected = vi.fn();
      const app = express();
      app.post('/webhooks/hostwares', createExpressMiddleware({ secret: 'other', onRejected }), next);
      expect(await send(app)).toEqual([401, { error: 'signature_mismatch' }]);
      expect(next).not.toHaveBeenCalled();
      expect(onRejected).toHaveBeenCalledOnce();
    });

    it("passes the handler's errors to Express", async () => {
      const app = express();
      app.post('/webhooks/hostwares', createExpressMiddleware({ secret }), () => {
        throw new Error('mine');
      });
      app.use(((_error, _req, res, _next) => {
        res.status(418).end();
      }) satisfies express5.ErrorRequestHandler);
      expect((await send(app))[0]).toBe(418);
    });
  });
});
