import { createReceiver } from '@hostwares/webhooks';
import { createNextHandler } from '@hostwares/webhooks/next';

const receiver = createReceiver({
  // A function, since `next build` imports this file, usually without the secret of production.
  secret: () => process.env.HOSTWARES_WEBHOOK_SECRET,
});

receiver.on('deployment.completed', (event) => {
  console.log(`${event.data.site_name} is live after ${event.data.duration_seconds} s`);
});

export const POST = createNextHandler(receiver);
