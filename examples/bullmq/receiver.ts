// Shared by both processes: the handlers and the queue.
import { createReceiver } from '@hostwares/webhooks';
import { createBullMQHandoff } from '@hostwares/webhooks/bullmq';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';

export const queueName = process.env.QUEUE ?? 'hostwares';

// BullMQ requires null: commands wait while Redis cannot be reached.
export const connection = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
  maxRetriesPerRequest: null,
});
connection.on('error', (error) => {
  console.error(`redis: ${error.message}`);
});

const queue = new Queue(queueName, { connection });
queue.on('error', (error) => {
  console.error(`queue: ${error.message}`);
});

export const receiver = createReceiver({
  secret: process.env.HOSTWARES_WEBHOOK_SECRET ?? '',
  handoff: createBullMQHandoff(queue),
  onRejected: (error) => {
    console.log(`rejected: ${error.code}. ${error.hint ?? ''}`);
  },
});

// Takes longer than the platform's timeout of 15 s.
receiver.on('deployment.failed', async (event, { signal, attempt, isDuplicateDelivery }) => {
  const retry = isDuplicateDelivery ? `, attempt ${attempt ?? '?'}` : '';
  console.log(`reading the logs of ${event.data.site_name} (${event.id}${retry})`);
  await readLogs(event.data.deployment_id, signal);
  console.log(`done with ${event.id}`);
});

async function readLogs(deploymentId: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise((resolve) => setTimeout(resolve, Number(process.env.READING_MS ?? 20_000)));
  console.log(`read the logs of ${deploymentId}`);
}
