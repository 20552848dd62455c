const { createMemoryReplayStore, createReceiver } = require('@hostwares/webhooks');
const { createSignedRequest, sampleEvent } = require('@hostwares/webhooks/testing');

const secret = 'whsec_of_the_jest_suite';

test('replay protection handles an event once', async () => {
  const receiver = createReceiver({ secret, replay: { store: createMemoryReplayStore() } });
  const handler = jest.fn();
  receiver.on('deployment.completed', (event) => handler(event.id));
  const event = sampleEvent('deployment.completed');
  for (const expected of [200, 200]) {
    const response = await receiver.handle(await createSignedRequest(event, { secret }));
    expect(response.status).toBe(expected);
  }
  expect(handler.mock.calls).toEqual([[event.id]]);
});

test('a rejected request has a hint', async () => {
  const onRejected = jest.fn();
  const receiver = createReceiver({ secret, onRejected });
  await receiver.handle(await createSignedRequest('ping', { secret: 'whsec_of_another_endpoint' }));
  expect(onRejected.mock.calls[0][0]).toMatchObject({
    code: 'signature_mismatch',
    hint: expect.stringMatching(/secret/),
  });
});

test('dispatch runs the handler on an event that passes its schema', async () => {
  const validate = (value) => ({ value });
  const schema = { '~standard': { version: 1, vendor: 'test', validate } };
  const handler = jest.fn();
  const receiver = createReceiver({ secret, schemas: { 'credits.low': schema } });
  receiver.on('credits.low', (event) => handler(event.id));
  const event = sampleEvent('credits.low');
  await receiver.dispatch(event);
  expect(handler).toHaveBeenCalledWith(event.id);
});
