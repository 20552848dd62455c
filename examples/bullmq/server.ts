// For work that takes longer than the platform's timeout: this process verifies and queues events, and any number of workers handle
// them.
//
//   HOSTWARES_WEBHOOK_SECRET=… REDIS_URL=redis://127.0.0.1:6379 npx tsx server.ts
//   HOSTWARES_WEBHOOK_SECRET=… REDIS_URL=redis://127.0.0.1:6379 npx tsx worker.ts
import { createServer } from 'node:http';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { receiver } from './receiver.ts';

const server = createServer(createNodeHandler(receiver));
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening on', server.address());
});
