// npm install express @hostwares/webhooks
// HOSTWARES_WEBHOOK_SECRET=whsec_… SLACK_WEBHOOK_URL=https://hooks.slack.com/services/… node server.ts
import express from 'express';
import { createReceiver } from '@hostwares/webhooks';
import { createExpressHandler } from '@hostwares/webhooks/express';
import { createSlackNotifier } from '@hostwares/webhooks/notifiers';

const receiver = createReceiver({ secret: process.env.HOSTWARES_WEBHOOK_SECRET! });

// Posts all events. receiver.on([…], …) selects types.
receiver.onAny(createSlackNotifier({ url: process.env.SLACK_WEBHOOK_URL! }));

// Called if a message was not posted. The receiver answers 500, and Hostwares retries the event.
receiver.onError((error, event) => {
  console.error(event.id, error.cause);
});

const app = express();
app.post('/webhooks/hostwares', createExpressHandler(receiver));
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening on', server.address());
});
