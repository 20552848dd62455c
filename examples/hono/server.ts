// npm install hono @hono/node-server @hostwares/webhooks
// HOSTWARES_WEBHOOK_SECRET=whsec_… node server.ts
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createReceiver } from '@hostwares/webhooks';
import { createHonoHandler, createHonoMiddleware } from '@hostwares/webhooks/hono';

const secret = process.env.HOSTWARES_WEBHOOK_SECRET!;

const receiver = createReceiver({ secret });
receiver.on(['deployment.completed', 'deployment.failed'], (event) => {
  console.log(`${event.data.site_name}: ${event.data.status}`);
});

const app = new Hono();
app.post('/webhooks/hostwares', createHonoHandler(receiver));

// Alternatively, verify in a middleware and respond yourself.
app.post('/webhooks/log', createHonoMiddleware({ secret }), (c) => {
  console.log(c.var.webhookEvent);
  return c.body(null, 204);
});

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: '127.0.0.1' }, (address) => {
  console.log('listening on', address);
});
