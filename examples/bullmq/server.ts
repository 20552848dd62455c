// Work that takes longer than the platform waits: this process verifies and queues, any number of workers handle.
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
