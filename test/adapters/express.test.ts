import { createServer, type Server } from 'node:http';
import { gzipSync } from 'node:zlib';
import express5, { type Express } from 'express';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createExpressHandler, createExpressMiddleware } from '../../adapters/express.js';
import { createReceiver, type Receiver, type WebhookError } from '../../src/index.js';
import { createSignedRequest } from '../../src/testing/index.js';
import { close, listen } from './raw-client.js';
import { secret, serverContract } from './server-contract.js';

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

  serverContract('as a server', (each, path) => express().post(path, createExpressHandler(each)));
  serverContract(
    'behind express.raw',
    (each, path) => express().post(path, express.raw({ type: '*/*' }), createExpressHandler(each)),
    false,
  );

  it('works before a global JSON parser', async () => {
    const app = express();
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    app.use(express.json());
    expect(await send(app)).toEqual(ok);
  });

  it.each([
    ['json', () => express.json()],
    ['text', () => express.text({ type: '*/*' })],
    ['urlencoded', () => express.urlencoded({ type: '*/*', extended: false })],
  ])('answers 500 at once behind a global %s parser, and says what to change', async (_parser, parser) => {
    const app = express();
    app.use(parser());
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(gone);
    expect(rejected[0]?.hint).toMatch(/before app\.use\(express\.json\(\)\).*verify: \(req, _res, buf\)/);
    expect(handled).not.toHaveBeenCalled();
  });

  it('answers 500 at once where something else has read the stream', async () => {
    const app = express();
    app.use((req, _res, next) => {
      req.on('data', () => undefined).on('end', next);
    });
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(gone);
  });

  it('answers 500 at once where something else is reading the stream', async () => {
    const app = express();
    app.use((req, _res, next) => {
      req.on('data', () => undefined);
      next();
    });
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(gone);
  });

  it('reads the stream itself behind a parser that was not for this content type', async () => {
    const app = express();
    app.use(express.json({ type: 'application/vnd.api+json' }), express.raw({ type: 'image/*' }));
    app.post('/webhooks/hostwares', createExpressHandler(receiver));
    expect(await send(app)).toEqual(ok);
  });

  it('takes the bytes that a verify hook, or Cloud Functions, kept in rawBody', async () => {
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

  it('does not take a rawBody that is text: it was decoded, so the bytes are gone', async () => {
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

  it('works in routers, sub-apps and mounted paths', async () => {
    const router = express.Router();
    router.post('/hostwares', createExpressHandler(receiver));
    const sub = express();
    sub.use('/webhooks', router);
    const app = express();
    app.use('/api', sub);
    app.use(express.json());
    expect(await send(app, '/api/webhooks/hostwares')).toEqual(ok);
  });

  it('answers 405 on app.use', async () => {
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

  it('refuses a compressed body that no sender of ours has made', async () => {
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

  it('leaves the answer alone where a timeout middleware has given one', async () => {
    const app = express();
    const slow = createReceiver({ secret }).onAny((_event, { adapterContext }) => {
      (adapterContext as { res: { status: (code: number) => { end: () => void } } }).res.status(504).end();
    });
    app.post('/webhooks/hostwares', createExpressHandler(slow));
    expect((await send(app))[0]).toBe(504);
  });

  describe('middleware', () => {
    it('sets req.webhookEvent and calls next; the body parser behind it does no harm', async () => {
      const app = express();
      app.post(
        '/webhooks/hostwares',
        createExpressMiddleware({ secret }),
        express.json(),
        (req, res) => void res.status(202).json({ type: req.webhookEvent?.event }),
      );
      expect(await send(app)).toEqual([202, { type: 'ping' }]);
    });

    it('answers what does not pass, and next is not called', async () => {
      const next = vi.fn();
      const onRejected = vi.fn();
      const app = express();
      app.post('/webhooks/hostwares', createExpressMiddleware({ secret: 'other', onRejected }), next);
      expect(await send(app)).toEqual([401, { error: 'signature_mismatch' }]);
      expect(next).not.toHaveBeenCalled();
      expect(onRejected).toHaveBeenCalledOnce();
    });

    it("leaves the handler's errors to Express", async () => {
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
