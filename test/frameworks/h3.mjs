import { createApp, eventHandler, fromNodeMiddleware, readBody, toNodeListener } from 'h3';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { serve } from './server.mjs';

const path = '/webhooks/hostwares';

function start(...handlers) {
  const app = createApp();
  for (const each of handlers) app.use(path, each);
  return serve(toNodeListener(app), path);
}

export const variants = [
  {
    name: 'eventHandler',
    start(receiver) {
      const handler = createNodeHandler(receiver);
      return start(eventHandler((event) => handler(event.node.req, event.node.res)));
    },
  },
  { name: 'fromNodeMiddleware', start: (receiver) => start(fromNodeMiddleware(createNodeHandler(receiver))) },
  {
    name: 'after readBody',
    expect: 'body_already_parsed',
    start(receiver) {
      const handler = createNodeHandler(receiver);
      return start(
        eventHandler(async (event) => {
          await readBody(event);
          await handler(event.node.req, event.node.res);
        }),
      );
    },
  },
];
