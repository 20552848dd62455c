import { createBullMQHandoff, createBullMQWorker } from '@hostwares/webhooks/bullmq';
import { Queue } from 'bullmq';
import { tryQueue } from './queue.mjs';

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' };
const queueName = `hostwares-oldest-${process.pid}`;
const queue = new Queue(queueName, { connection, defaultJobOptions: { attempts: 2, backoff: 1 } });
let worker;
try {
  await tryQueue(createBullMQHandoff(queue), async (receiver) => {
    worker = await createBullMQWorker(receiver, { queueName, connection });
  });
} finally {
  await worker?.close();
  await queue.obliterate({ force: true });
  await queue.close();
}
