import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import { Hono } from 'hono';
import { createServer, type RequestListener, type Server } from 'node:http';
import { describe, expect, it } from 'vitest';
import { createMemoryReplayStore, createReceiver, type Receiver } from '../../../src/index.ts';
import { createExpressHandler } from '../../../adapters/express.ts';
import { createHonoHandler } from '../../../adapters/hono.ts';
import { createNodeHandler } from '../../../adapters/node.ts';
import { gradeOf } from '../../../src/cli/check/grade.ts';
import { close, listen } from '../../support/http-server.ts';
import { isLong } from '../../support/long.ts';
import { EffectLog, secret } from './gallery/endpoint.ts';
import { runWithProbe, shortTimings } from './support.ts';

const path = '/webhooks/hostwares';

/** A server with a receiver at the path, and a probe. */
const servers: Record<string, (receiver: Receiver, probe: RequestListener) => Server> = {
  'node:http': (receiver, probe) => {
    const handler = createNodeHandler(receiver);
    return createServer((request, response) =>
      request.url === path ? handler(request, response) : probe(request, response),
    );
  },
  Express: (receiver, probe) => {
    const app = express();
    app.post(path, createExpressHandler(receiver));
    app.use(express.json());
    app.get('/probe', probe);
    return createServer(app);
  },
  Hono: (receiver, probe) => {
    const app = new Hono();
    app.post(path, createHonoHandler(receiver));
    const listener = createAdaptorServer(app).listeners('request')[0] as RequestListener;
    return createServer((request, response) =>
      request.url === path ? listener(request, response) : probe(request, response),
    );
  },
};

// The receiver's own deadlines take 16 s, which only the gate waits for.
describe.skipIf(!isLong)('check', () => {
  it.concurrent.each(Object.entries(servers))(
    'a receiver with a replay store passes every check on %s',
    { timeout: 60_000 },
    async (_name, create) => {
      const effects = new EffectLog();
      const receiver = createReceiver({
        secret,
        replay: { store: createMemoryReplayStore() },
        logger: false,
      });
      receiver.onAny((event) => effects.act(event));
      const server = create(receiver, effects.probe);
      const base = await listen(server);
      try {
        // Longer than the receiver's own deadline of 15 s for a body.
        const timings = { ...shortTimings, unfinishedMs: 25_000 };
        const run = await runWithProbe(base + path, `${base}/probe`, { timings });
        expect(run.results.filter(({ state }) => state !== 'pass')).toEqual([]);
        expect(gradeOf(run)).toBe('A');
      } finally {
        await close(server);
      }
    },
  );
});
