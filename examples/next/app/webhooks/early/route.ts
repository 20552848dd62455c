import { after } from 'next/server';
import { createReceiver } from '@hostwares/webhooks';
import { createNextHandler } from '@hostwares/webhooks/next';

// Responds before the handlers run. A failure is not retried then, so this is for events that may be lost.
const receiver = createReceiver({
  secret: () => process.env.HOSTWARES_WEBHOOK_SECRET,
  acknowledge: 'early',
});

receiver.onAny(async (event) => {
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(`counted ${event.event}`);
});

export const POST = createNextHandler(receiver, { after });
