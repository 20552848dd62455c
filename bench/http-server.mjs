// One server of bench/http.mjs, by name. Sends its port, and on request the CPU time that its process has used.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { Webhooks, createNodeMiddleware } from '@octokit/webhooks';
import express from 'express';
import { createExpressHandler } from '../dist/express.js';
import { createReceiver } from '../dist/index.js';
import { createNodeHandler } from '../dist/node.js';
import { secret } from './samples.mjs';

/** The sample code as the platform's documentation publishes it. */
function sample(rawBody, headers) {
  const expected = `sha256=${createHmac('sha256', secret).update(rawBody.toString()).digest('hex')}`;
  if (!timingSafeEqual(Buffer.from(headers['x-hostwares-signature']), Buffer.from(expected))) return 401;
  const event = JSON.parse(rawBody.toString());
  handled += event.event === 'deployment.completed' ? 1 : 0;
  return 200;
}

let handled = 0;
const receiver = createReceiver({ secret }).on('deployment.completed', () => {
  handled += 1;
});

const servers = {
  // The lower bound: reads the body and responds.
  'node:http, no verification': () =>
    createServer((request, response) => {
      request.on('data', () => undefined);
      request.on('end', () => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 17 });
        response.end('{"received":true}');
      });
    }),
  'node:http, sample code': () =>
    createServer((request, response) => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.writeHead(sample(Buffer.concat(chunks), request.headers), {
          'content-type': 'application/json',
        });
        response.end('{"received":true}');
      });
    }),
  'node:http, createNodeHandler': () => createServer(createNodeHandler(receiver)),
  'node:http, @octokit/webhooks': () => {
    const webhooks = new Webhooks({ secret });
    webhooks.on('ping', () => {
      handled += 1;
    });
    return createServer(createNodeMiddleware(webhooks, { path: '/' }));
  },
  'Express, express.raw and sample code': () =>
    createServer(
      express().post('/', express.raw({ type: 'application/json' }), (req, res) => {
        res.status(sample(req.body, req.headers)).json({ received: true });
      }),
    ),
  'Express, createExpressHandler': () => createServer(express().post('/', createExpressHandler(receiver))),
};

if (process.argv[2]) {
  const server = servers[process.argv[2]]();
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('message', () => process.send(process.cpuUsage()));
  process.on('disconnect', () => process.exit());
}

export const serverNames = Object.keys(servers);
