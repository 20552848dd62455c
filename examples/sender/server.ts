// Your own platform on one machine: the API, the sender, and a SQLite file.
//
//   API_KEY=key_of_your_first_account npx tsx server.ts
//   curl -H "Authorization: Bearer $API_KEY" -H 'Content-Type: application/json' \
//     -d '{"url":"https://your-app.com/webhooks/hostwares","events":["*"]}' http://127.0.0.1:8080/api/webhooks
import { serve } from '@hono/node-server';
import { createSender, createSenderApi } from '@hostwares/webhooks/sender';
import { createEndpointDisabledMailer } from '@hostwares/webhooks/sender/email';
import { createSqliteStore } from '@hostwares/webhooks/sender/sqlite';

const {
  API_KEY = '',
  DATABASE = './webhooks.db',
  SMTP_URL,
  PORT = '8080',
  ALLOW_PRIVATE_NETWORK,
} = process.env;

const store = createSqliteStore({ path: DATABASE });
const sender = createSender({
  store,
  allowPrivateNetwork: ALLOW_PRIVATE_NETWORK === 'true',
  onError: (error) => {
    console.error(error);
  },
  ...(SMTP_URL && {
    onEndpointDisabled: createEndpointDisabledMailer({
      smtp: SMTP_URL,
      from: 'Webhooks <no-reply@example.com>',
      to: ({ accountId }) => `${accountId}@example.com`,
    }),
  }),
});
const api = createSenderApi(sender, { apiKeys: { [API_KEY]: 'acc_1' }, onError: console.error });

await sender.start();
const server = serve({ fetch: api.fetch, port: Number(PORT), hostname: '127.0.0.1' }, ({ port }) => {
  console.log(`listening on port: ${port}`);
});

// Stands for your platform, which publishes its events with sender.publish({ event, account_id, data }).
const publishing = setInterval(() => {
  void sender.publish({
    event: 'credits.low',
    account_id: 'acc_1',
    data: { balance: 4.2, limit: 50, percent_remaining: 8.4 },
  });
}, 60_000);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    clearInterval(publishing);
    server.close();
    // stop() waits for attempts in flight.
    void sender.stop().then(() => store.close());
  });
}
