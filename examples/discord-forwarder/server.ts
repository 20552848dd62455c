// npm install express @hostwares/webhooks
// HOSTWARES_WEBHOOK_SECRET=whsec_… DISCORD_WEBHOOK_URL=https://discord.com/api/webhooks/… node server.ts
import express from 'express';
import { createReceiver } from '@hostwares/webhooks';
import { createExpressHandler } from '@hostwares/webhooks/express';
import { createDiscordNotifier } from '@hostwares/webhooks/notifiers';

const receiver = createReceiver({ secret: process.env.HOSTWARES_WEBHOOK_SECRET! });

receiver.on(
  ['deployment.completed', 'deployment.failed'],
  createDiscordNotifier({
    url: process.env.DISCORD_WEBHOOK_URL!,
    // Your own wording. It is escaped like all other text.
    format: { 'deployment.failed': (event) => ({ title: `🔥 ${event.data.site_name} did not deploy` }) },
  }),
);

// Called if a message was not posted. The receiver answers 500, and Hostwares retries the event.
receiver.onError((error, event) => {
  console.error(event.id, error.cause);
});

const app = express();
app.post('/webhooks/hostwares', createExpressHandler(receiver));
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening on', server.address());
});
