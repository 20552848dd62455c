const { createReceiver } = require('@hostwares/webhooks');
const { createBullMQHandoff, createBullMQWorker } = require('@hostwares/webhooks/bullmq');
const { createSignedRequest } = require('@hostwares/webhooks/testing');
const { Queue } = require('bullmq');

const secret = 'whsec_of_the_jest_suite';

test('a worker handles an event from Redis', async () => {
  const { hostname, port } = new URL(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
  const connection = { host: hostname, port: Number(port || 6379) };
  const queueName = `jest-${process.pid}-${Date.now()}`;
  const queue = new Queue(queueName, { connection });
  const receiver = createReceiver({ secret, handoff: createBullMQHandoff(queue) });
  const handled = new Promise((resolve) => receiver.on('credits.low', (event) => resolve(event.event)));
  const worker = await createBullMQWorker(receiver, { queueName, connection, concurrency: undefined });
  try {
    const response = await receiver.handle(await createSignedRequest('credits.low', { secret }));
    expect(response.status).toBe(200);
    expect(await handled).toBe('credits.low');
  } finally {
    await worker.close();
    await queue.obliterate({ force: true });
    await queue.close();
  }
});
