const { createReceiver } = require('@hostwares/webhooks');
const { createBullMQWorker } = require('@hostwares/webhooks/bullmq');
const { createEndpointDisabledMailer } = require('@hostwares/webhooks/sender/email');

const broken = (message, code) => () => {
  throw Object.assign(new Error(message), { code });
};
jest.mock('nodemailer', () => broken('nodemailer needs a newer Node')());
jest.mock('bullmq', () => broken("Cannot find module 'ioredis' from 'bullmq.js'", 'MODULE_NOT_FOUND')());

test('a peer that throws while it loads is not reported as absent', async () => {
  const mail = createEndpointDisabledMailer({ smtp: 'smtp://127.0.0.1:1', from: 'a@b', to: () => 'c@d' });
  const sending = mail({ id: 'wh_1', url: '' });
  await expect(sending).rejects.toThrow(
    /could not load nodemailer, which is installed: nodemailer needs a newer Node/,
  );
  await expect(sending).rejects.toMatchObject({ cause: { message: 'nodemailer needs a newer Node' } });
});

test('a peer whose own dependency is absent is not reported as absent', async () => {
  const receiver = createReceiver({ secret: 'whsec_of_the_jest_suite' });
  await expect(createBullMQWorker(receiver, { queueName: 'q', connection: {} })).rejects.toThrow(
    /could not load bullmq, which is installed: Cannot find module 'ioredis'/,
  );
});
