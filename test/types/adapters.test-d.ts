import type { IncomingMessage, RequestListener } from 'node:http';
import express, { type RequestHandler } from 'express';
import { Hono, type Context } from 'hono';
import { createServer } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { expectTypeOf, it } from 'vitest';
import { createExpressHandler, createExpressMiddleware } from '../../adapters/express.js';
import { createHonoHandler, createHonoMiddleware } from '../../adapters/hono.js';
import { createNextHandler, withWebhook } from '../../adapters/next.js';
import { createNodeHandler } from '../../adapters/node.js';
import { createReceiver, type WebhookEvent } from '../../src/index.js';
import { z } from 'zod';

const receiver = createReceiver({ secret: 'x' });
const withSchemas = createReceiver({ secret: 'x', schemas: { 'credits.low': z.object({ id: z.string() }) } });

it('the Express adapter is compatible with the types of Express', () => {
  expectTypeOf(createExpressHandler(receiver)).toExtend<RequestHandler>();
  expectTypeOf(createExpressMiddleware({ secret: 'x' })).toExtend<RequestHandler>();
  const app = express();
  app.post('/team/:team', createExpressMiddleware({ secret: 'x' }), (req, res) => {
    expectTypeOf(req.webhookEvent).toEqualTypeOf<WebhookEvent | undefined>();
    expectTypeOf(req.params.team).toEqualTypeOf<string>();
    res.sendStatus(204);
  });
  app.post('/', createExpressHandler(withSchemas));
});

it('createNodeHandler is compatible with node:http and HTTP/2', () => {
  expectTypeOf(createNodeHandler(receiver)).toExtend<RequestListener>();
  createServer(createNodeHandler(withSchemas));
  createHttp2Server(createNodeHandler(receiver));
  expectTypeOf<IncomingMessage>().toExtend<Parameters<ReturnType<typeof createNodeHandler>>[0]>();
});

it('the Hono adapter keeps variables and bindings of the app', () => {
  const app = new Hono<{ Bindings: { KEY: string }; Variables: { user: number } }>();
  app.post('/', createHonoMiddleware({ secret: 'x' }), (c) => {
    expectTypeOf(c.var.webhookEvent).toEqualTypeOf<WebhookEvent>();
    expectTypeOf(c.var.user).toEqualTypeOf<number>();
    expectTypeOf(c.env.KEY).toEqualTypeOf<string>();
    return c.body(null, 204);
  });
  app.post('/x', createHonoHandler(withSchemas));
  expectTypeOf(createHonoHandler(receiver)).toExtend<(c: Context) => Promise<Response>>();
});

it('the Next adapter keeps the types of request and context', () => {
  class NextRequest extends Request {
    nextUrl = new URL('http://localhost/');
  }
  expectTypeOf(createNextHandler(receiver)).toExtend<(request: NextRequest) => Promise<Response>>();
  createNextHandler(withSchemas);
  const POST = withWebhook(
    { secret: 'x' },
    async (event, request: NextRequest, context: { params: Promise<{ team: string }> }) => {
      expectTypeOf(event).toEqualTypeOf<WebhookEvent>();
      return Response.json({ team: (await context.params).team, path: request.nextUrl.pathname });
    },
  );
  expectTypeOf(POST).parameter(0).toEqualTypeOf<NextRequest>();
  withWebhook({ secret: 'x' }, (event) => new Response(event.id));
});
