// npm install @hostwares/webhooks
// HOSTWARES_WEBHOOK_SECRET=whsec_… node server.ts
import { createServer } from 'node:http';
import { createReceiver } from '@hostwares/webhooks';
import { createNodeHandler } from '@hostwares/webhooks/node';

const receiver = createReceiver({ secret: process.env.HOSTWARES_WEBHOOK_SECRET! });
receiver.on('site.status_changed', (event) => {
  console.log(`${event.data.site_name}: ${event.data.previous_status ?? '?'} → ${event.data.status}`);
});

const handleWebhook = createNodeHandler(receiver);

const server = createServer((request, response) => {
  if (request.url === '/webhooks/hostwares') void handleWebhook(request, response);
  else response.writeHead(404).end();
});
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening on', server.address());
});
