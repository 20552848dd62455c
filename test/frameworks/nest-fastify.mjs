import { FastifyAdapter } from '@nestjs/platform-fastify';
import { createExpressHandler, createExpressMiddleware } from '@hostwares/webhooks/express';
import { startNest } from './nest.mjs';
import { secret } from './requests.mjs';

/** The code of docs/receiving.md. */
const receive = (receiver) => async (request, reply) => {
  const { status, headers, body } = await receiver.receive({
    method: request.method,
    headers: request.headers,
    body: request.rawBody,
    adapterContext: request,
  });
  return reply.code(status).headers(headers).send(body);
};

export const variants = [
  {
    name: 'rawBody: true',
    start: (receiver) => startNest(receive(receiver), new FastifyAdapter(), { options: { rawBody: true } }),
  },
  {
    name: 'the default body parser',
    expect: 'body_already_parsed',
    hint: /rawBody: true/,
    start: (receiver) => startNest(receive(receiver), new FastifyAdapter()),
  },
  {
    name: "createExpressHandler with Fastify's objects",
    expect: 'error',
    start: (receiver) =>
      startNest(createExpressHandler(receiver), new FastifyAdapter(), { options: { rawBody: true } }),
  },
  {
    name: "createExpressMiddleware with Fastify's objects",
    expect: 'error',
    start(receiver) {
      const verify = createExpressMiddleware({ secret });
      const next = () => receiver.dispatch({});
      return startNest((request, reply) => verify(request, reply, next), new FastifyAdapter(), {
        options: { rawBody: true },
      });
    },
  },
];
