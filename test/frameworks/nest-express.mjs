import { ExpressAdapter } from '@nestjs/platform-express';
import { createExpressHandler } from '@hostwares/webhooks/express';
import { startNest } from './nest.mjs';

export const variants = [
  {
    name: 'rawBody: true and a limit',
    start: (receiver) =>
      startNest(createExpressHandler(receiver), new ExpressAdapter(), {
        options: { rawBody: true },
        prepare: (app) => app.useBodyParser('json', { limit: '1mb' }),
      }),
  },
  {
    name: 'bodyParser: false',
    start: (receiver) =>
      startNest(createExpressHandler(receiver), new ExpressAdapter(), { options: { bodyParser: false } }),
  },
  {
    name: 'the default body parser',
    expect: 'body_already_parsed',
    hint: /rawBody: true/,
    start: (receiver) =>
      startNest(createExpressHandler(receiver), new ExpressAdapter(), {
        prepare: (app) => app.useBodyParser('json', { limit: '1mb' }),
      }),
  },
];
