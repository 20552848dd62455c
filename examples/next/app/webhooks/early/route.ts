import { after } from 'next/server';
import { createReceiver } from '@hostwares/webhooks';
import { createNextHandler } from '@hostwares/webhooks/next';

// Answers at once, and handles behind the answer. What fails then is not sent again: for what may be lost.
const receiver = createReceiver({
  secret: () => process.env.HOSTWARES_WEBHOOK_SECRET,
  acknowledge: 'early',
});

receiver.onAny(async (event) => {
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(`counted ${event.event}`);
});

export const POST = createNextHandler(receiver, { after });
