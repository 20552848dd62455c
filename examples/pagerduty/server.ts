// npm install express @hostwares/webhooks
// HOSTWARES_WEBHOOK_SECRET=whsec_… PAGERDUTY_ROUTING_KEY=… node server.ts
import express from 'express';
import { createReceiver } from '@hostwares/webhooks';
import { createExpressHandler } from '@hostwares/webhooks/express';
import { createPagerDutyNotifier } from '@hostwares/webhooks/notifiers';

const receiver = createReceiver({ secret: process.env.HOSTWARES_WEBHOOK_SECRET! });

// Opens incidents for failed deployments, crashes and alerts, and resolves them when a site runs again.
// Other events are not sent, except the types named here.
receiver.onAny(
  createPagerDutyNotifier({
    routingKey: process.env.PAGERDUTY_ROUTING_KEY!,
    alsoTrigger: ['credits.low'],
  }),
);

// Called if an incident was not sent. The receiver answers 500, and Hostwares retries the event.
receiver.onError((error, event) => {
  console.error(event.id, error.cause);
});

const app = express();
app.post('/webhooks/hostwares', createExpressHandler(receiver));
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening on', server.address());
});
