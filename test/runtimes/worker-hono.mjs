import { createReceiver } from '@hostwares/webhooks';
import { createHonoHandler, createHonoMiddleware } from '@hostwares/webhooks/hono';
import { Hono } from 'hono';

const receiver = createReceiver({ secret: (c) => c.env.HOSTWARES_WEBHOOK_SECRET });
receiver.onAny((event, { waitUntil }) => waitUntil(Promise.resolve(event.id)));

export default new Hono()
  .post('/webhooks/hostwares', createHonoHandler(receiver))
  .post('/log', createHonoMiddleware({ secret: (c) => c.env.HOSTWARES_WEBHOOK_SECRET }), (c) =>
    c.json({ type: c.var.webhookEvent.event }, 202),
  );
