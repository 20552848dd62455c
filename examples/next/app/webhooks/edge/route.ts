import { withWebhook } from '@hostwares/webhooks/next';

export const runtime = 'edge';

export const POST = withWebhook({ secret: () => process.env.HOSTWARES_WEBHOOK_SECRET }, (event) => {
  console.log(event.event, event.id);
  return new Response(null, { status: 204 });
});
