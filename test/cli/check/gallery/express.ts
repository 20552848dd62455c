// Endpoints as people write them with Express.
import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { createCareful } from './careful.ts';
import { secret, type EffectLog, type GalleryEndpoint, type GalleryEvent } from './endpoint.ts';

const path = '/webhooks/hostwares';

/** Without Express' own page for errors, which prints to the console. */
const quiet = (): express.Express => express().set('env', 'test');

/** The sample code of the platform's documentation, as it is. */
function createPublishedSample(effects: EffectLog): express.Express {
  const app = quiet();
  app.post(path, express.raw({ type: 'application/json' }), async (req, res) => {
    const signature = req.headers['x-hostwares-signature'] as string;
    const body = (req.body as Buffer).toString();
    const expected = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) {
      return res.status(401).json({ error: 'Invalid signature' });
    }
    const event = JSON.parse(body) as GalleryEvent;
    switch (event.event) {
      case 'deployment.completed':
        await effects.act(event);
        break;
    }
    return res.json({ received: true });
  });
  return app;
}

/** `express.json()` for the whole app, and a signature over `JSON.stringify(req.body)`. */
function createParsedFirst(effects: EffectLog): express.Express {
  const app = quiet();
  app.use(express.json({ limit: '1mb' }));
  // The bytes are gone, so the parsed body is written again, verified and handled.
  const careful = createCareful(effects, {
    readBody: async (request) => Buffer.from(JSON.stringify((request as express.Request).body)),
  });
  app.post(path, careful);
  return app;
}

/** No verification of any kind. */
function createUnverified(effects: EffectLog): express.Express {
  const app = quiet();
  app.use(express.json({ limit: '1mb' }));
  app.post(path, async (req, res) => {
    await effects.act(req.body as GalleryEvent);
    res.sendStatus(200);
  });
  return app;
}

/** `app.all`, which answers other methods before it verifies. */
function createAllMethods(effects: EffectLog): express.Express {
  const app = quiet();
  const careful = createCareful(effects);
  app.all(path, (req, res) => {
    if (req.method === 'POST') careful(req, res);
    else res.send('The webhook endpoint is running.');
  });
  return app;
}

export const expressFaults: readonly GalleryEndpoint[] = [
  {
    name: 'the published sample code',
    create: createPublishedSample,
    findings: [
      'stale-timestamp',
      'duplicate',
      'decoded-body',
      'invalid-json',
      'large-body',
      'rejected-with-5xx',
    ],
  },
  {
    name: 'express.json() before verification',
    create: createParsedFirst,
    findings: [
      'unicode-escapes',
      'number-forms',
      'key-order',
      'white-space',
      'reformatted-body',
      'decoded-body',
    ],
  },
  {
    name: 'no verification at all',
    create: createUnverified,
    findings: ['wrong-secret', 'stale-timestamp', 'duplicate'],
  },
  { name: 'app.all', create: createAllMethods, findings: ['get'] },
];
