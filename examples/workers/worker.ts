// npm install @hostwares/webhooks
// npx wrangler secret put HOSTWARES_WEBHOOK_SECRET && npx wrangler deploy
import { createReceiver } from '@hostwares/webhooks';

interface Env {
  HOSTWARES_WEBHOOK_SECRET: string;
}

// Workers pass bindings with each request, so the secret is a function of the adapterContext below.
const receiver = createReceiver({ secret: (env) => (env as Env).HOSTWARES_WEBHOOK_SECRET });

receiver.on('alert.triggered', async (event, { waitUntil }) => {
  console.log(`${event.data.alert_name}: ${event.data.value ?? '?'}`);
  // Use waitUntil for work that may be lost, and await all other work.
  waitUntil?.(Promise.resolve());
});

export default {
  fetch(request: Request, env: Env, ctx: { waitUntil(promise: Promise<unknown>): void }): Promise<Response> {
    if (new URL(request.url).pathname !== '/webhooks/hostwares') {
      return Promise.resolve(new Response('Not found', { status: 404 }));
    }
    return receiver.handle(request, {
      adapterContext: env,
      waitUntil: (promise) => {
        ctx.waitUntil(promise);
      },
    });
  },
};
