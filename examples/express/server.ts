// npm install express @hostwares/webhooks
// HOSTWARES_WEBHOOK_SECRET=whsec_… node server.ts
import express from 'express';
import { createReceiver } from '@hostwares/webhooks';
import { createExpressHandler } from '@hostwares/webhooks/express';

// The receiver writes rejected requests and failed handlers to the console.
const receiver = createReceiver({ secret: process.env.HOSTWARES_WEBHOOK_SECRET! });

receiver.onAny((event) => {
  switch (event.event) {
    case 'deployment.completed':
      console.log(`${event.data.site_name} is live after ${event.data.duration_seconds} s`);
      break;
    case 'deployment.failed':
      console.log(`${event.data.site_name} failed: ${event.data.error ?? 'no error given'}`);
      break;
    case 'credits.low':
      console.log(`credits are low: ${event.data.balance} left`);
      break;
    case 'unknown':
      console.log(`an event of an unknown type: ${event.type}`);
      break;
    default:
      console.log(`${event.event} (${event.id})`);
  }
});

const app = express();
// Before any body parser: the signature is over the raw bytes.
app.post('/webhooks/hostwares', createExpressHandler(receiver));
app.use(express.json());

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening on', server.address());
});
