// Start as many as there is work for.
import { createBullMQWorker } from '@hostwares/webhooks/bullmq';
import { connection, queueName, receiver } from './receiver.ts';

const worker = await createBullMQWorker(receiver, { queueName, connection, concurrency: 10 });
worker.on('failed', (job, error) => {
  console.error(`job ${job?.id ?? '?'}: ${error.message}`);
});
worker.on('error', (error) => {
  console.error(`worker: ${error.message}`);
});
await worker.waitUntilReady();
console.log('working');

// Ends with the jobs that it has begun. What it does not end, another one takes over.
process.once('SIGTERM', () => {
  void worker.close().then(() => process.exit());
});
