const { createServer } = require('node:http');
const { createReceiver } = require('@hostwares/webhooks');
const { createNodeHandler } = require('@hostwares/webhooks/node');
const { createMemoryStore, createSender } = require('@hostwares/webhooks/sender');
const { createEndpointDisabledMailer } = require('@hostwares/webhooks/sender/email');
const { sendTestEvent } = require('@hostwares/webhooks/testing');

const secret = 'whsec_of_the_jest_suite';

async function withServer(act) {
  const received = [];
  const receiver = createReceiver({ secret }).onAny((event) => received.push(event.event));
  const server = createServer(createNodeHandler(receiver));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await act(`http://127.0.0.1:${server.address().port}/`, received);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('the sender delivers over HTTP', () =>
  withServer(async (url, received) => {
    const sender = createSender({ store: createMemoryStore(), allowPrivateNetwork: true });
    const { ping } = await sender.createEndpoint({ url, events: ['*'], secret });
    await sender.stop();
    expect(ping).toMatchObject({ ok: true, status: 200 });
    expect(received).toEqual(['ping']);
  }));

test('sendTestEvent posts', () =>
  withServer(async (url, received) => {
    expect((await sendTestEvent(url, 'credits.low', { secret })).status).toBe(200);
    expect(received).toEqual(['credits.low']);
  }));

test('the mailer loads nodemailer', async () => {
  const endpoint = {
    id: 'wh_1',
    url: 'https://example.com/',
    events: ['*'],
    accountId: 'acc_1',
    disabledAtMs: 1,
    failingSinceMs: 1,
    lastError: 'HTTP 500',
  };
  const mail = createEndpointDisabledMailer({
    smtp: 'smtp://127.0.0.1:1',
    from: 'a@b.example',
    to: () => 'c@d.example',
  });
  await expect(mail(endpoint)).rejects.toThrow(/ECONNREFUSED|socket/i);
});
