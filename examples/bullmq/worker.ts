// Start as many workers as the load needs.
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

// Waits for active jobs. Another worker takes over those that this one does not finish.
process.once('SIGTERM', () => {
  void worker.close().then(() => process.exit());
});
