// Handles each event once, in any number of these processes and for any number of redeliveries.
//
//   HOSTWARES_WEBHOOK_SECRET=… REDIS_URL=redis://127.0.0.1:6379 npx tsx server.ts
import { createServer } from 'node:http';
import { createReceiver } from '@hostwares/webhooks';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { createRedisReplayStore } from '@hostwares/webhooks/replay/redis';
import { Redis } from 'ioredis';

const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
// While Redis cannot be reached the response is 503, and the platform retries.
redis.on('error', (error) => {
  console.error(`redis: ${error.message}`);
});

const receiver = createReceiver({
  secret: process.env.HOSTWARES_WEBHOOK_SECRET ?? '',
  // Each service on this Redis needs its own prefix, or one would take the other's events for handled.
  replay: { store: createRedisReplayStore(redis, { prefix: 'billing:webhooks:' }) },
  onRejected: (error) => {
    console.log(`rejected: ${error.code}. ${error.hint ?? ''}`);
  },
  onHandled: (event, { duplicate }) => {
    if (duplicate) console.log(`${event.id}: duplicate, already handled`);
  },
});

receiver.on('credits.low', (event) => {
  console.log(`charging for ${event.id}`);
});

const server = createServer(createNodeHandler(receiver));
server.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log('listening on', server.address());
});
