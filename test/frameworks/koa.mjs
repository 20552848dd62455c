import Koa from 'koa';
import bodyParser from 'koa-bodyparser';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { serve } from './server.mjs';

const path = '/webhooks/hostwares';

/** The code of docs/receiving.md. */
function mount(receiver) {
  const handler = createNodeHandler(receiver);
  return (ctx, next) => (ctx.path === path ? handler(ctx.req, ctx.res) : next());
}

function start(...middleware) {
  const app = new Koa({ env: 'test' });
  app.silent = true;
  for (const each of middleware) app.use(each);
  return serve(app.callback(), path);
}

export const variants = [
  { name: 'before koa-bodyparser', start: (receiver) => start(mount(receiver), bodyParser()) },
  {
    name: 'with ctx.respond = false',
    start(receiver) {
      const handler = createNodeHandler(receiver);
      return start(async (ctx) => {
        ctx.respond = false;
        await handler(ctx.req, ctx.res);
      });
    },
  },
  {
    name: 'behind koa-bodyparser, disabled for the path',
    start: (receiver) =>
      start(
        (ctx, next) => {
          ctx.disableBodyParser = ctx.path === path;
          return next();
        },
        bodyParser(),
        mount(receiver),
      ),
  },
  {
    name: 'behind koa-bodyparser',
    expect: 'body_already_parsed',
    hint: /koa-bodyparser: set ctx\.disableBodyParser/,
    start: (receiver) => start(bodyParser(), mount(receiver)),
  },
  {
    name: 'ctx itself',
    expect: 'error',
    start(receiver) {
      const handler = createNodeHandler(receiver);
      return start((ctx) => handler(ctx));
    },
  },
  {
    name: 'receiver.handle(ctx)',
    expect: 'error',
    start: (receiver) =>
      start(async (ctx) => {
        const { status } = await receiver.handle(ctx);
        ctx.status = status;
      }),
  },
];
