import { Elysia } from 'elysia';

const path = '/webhooks/hostwares';

const start = (app) => ({ fetch: (request) => app.handle(request), close: () => undefined });

export const variants = [
  {
    name: "parse: 'none'",
    start: (receiver) =>
      start(new Elysia().post(path, ({ request }) => receiver.handle(request), { parse: 'none' })),
  },
  {
    name: 'the default parser',
    expect: 'body_already_parsed',
    hint: /parse: 'none'/,
    // Elysia parses the body only for handlers that use `body`.
    start: (receiver) =>
      start(new Elysia().post(path, ({ request, body }) => (void body, receiver.handle(request)))),
  },
];
