import Fastify from 'fastify';
import { createNodeHandler } from '@hostwares/webhooks/node';

const path = '/webhooks/hostwares';

async function listen(app) {
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url: base + path, close: () => app.close() };
}

/** The code of docs/receiving.md. */
function keepBytes(app) {
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  );
}

async function receive(receiver, request, reply) {
  const { status, headers, body } = await receiver.receive({
    method: request.method,
    headers: request.headers,
    body: request.body,
    adapterContext: request,
  });
  return reply.code(status).headers(headers).send(body);
}

export const variants = [
  {
    name: 'a content type parser that keeps the bytes',
    start(receiver) {
      const app = Fastify();
      app.register(async (scope) => {
        keepBytes(scope);
        scope.post(path, (request, reply) => receive(receiver, request, reply));
      });
      return listen(app);
    },
  },
  {
    name: 'the default parser',
    expect: 'body_already_parsed',
    hint: /addContentTypeParser\("application\/json", \{ parseAs: "buffer" \}/,
    start(receiver) {
      const app = Fastify();
      app.post(path, (request, reply) => receive(receiver, request, reply));
      return listen(app);
    },
  },
  {
    name: "createNodeHandler with Fastify's own objects",
    expect: 'error',
    hint: /not called with Node's request and response/,
    start(receiver) {
      const handler = createNodeHandler(receiver);
      const app = Fastify();
      app.post(path, (request, reply) => handler(request, reply));
      return listen(app);
    },
  },
];
