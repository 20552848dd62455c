const { createReceiver } = require('@hostwares/webhooks');
const { createBullMQWorker } = require('@hostwares/webhooks/bullmq');
const { createMemoryStore, createSender } = require('@hostwares/webhooks/sender');

const broken = (message, code) => () => {
  throw Object.assign(new Error(message), { code });
};
jest.mock('undici', () => broken('undici needs a newer Node')());
jest.mock('bullmq', () => broken("Cannot find module 'ioredis' from 'bullmq.js'", 'MODULE_NOT_FOUND')());

test('a peer that throws while it loads is not reported as absent', async () => {
  const sender = createSender({ store: createMemoryStore() });
  const starting = sender.start();
  await expect(starting).rejects.toThrow(
    /could not load undici, which is installed: undici needs a newer Node/,
  );
  await expect(starting).rejects.toMatchObject({ cause: { message: 'undici needs a newer Node' } });
});

test('a peer whose own dependency is absent is not reported as absent', async () => {
  const receiver = createReceiver({ secret: 'whsec_of_the_jest_suite' });
  await expect(createBullMQWorker(receiver, { queueName: 'q', connection: {} })).rejects.toThrow(
    /could not load bullmq, which is installed: Cannot find module 'ioredis'/,
  );
});
