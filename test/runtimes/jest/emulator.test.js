const { createServer } = require('node:http');
const { join } = require('node:path');
const { createReceiver } = require('@hostwares/webhooks');
const { startEmulator } = require('@hostwares/webhooks/emulator');
const { createNodeHandler } = require('@hostwares/webhooks/node');

const secret = 'whsec_of_the_jest_emulator';
let emulator;
let server;
let received;
let url;

beforeEach(async () => {
  received = [];
  const receiver = createReceiver({ secret, logger: false }).onAny((event) => {
    received.push(event.event);
    if (received.length === 2) throw new Error('down');
  });
  server = createServer(createNodeHandler(receiver));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${server.address().port}/`;
  emulator = await startEmulator();
});
afterEach(async () => {
  await emulator.stop();
  server.closeAllConnections();
  server.close();
});

test('the emulator delivers, and makes the retry when time is moved', async () => {
  await emulator.createEndpoint({ url, events: ['*'], secret });
  const { deliveries } = await emulator.trigger('credits.low');
  expect(await emulator.waitForAttempt(deliveries[0].id)).toMatchObject({ outcome: 'failure' });
  await emulator.clock.jumpToNextRetry();
  expect(await emulator.waitForAttempt(deliveries[0].id, 2)).toMatchObject({ outcome: 'success' });
  expect(received).toEqual(['ping', 'credits.low', 'credits.low']);
});

test('the emulator serves its dashboard and its control routes', async () => {
  expect((await fetch(emulator.url)).status).toBe(200);
  const response = await fetch(`${emulator.url}/emulator/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ event: 'credits.low', data: { balance: 1 } }),
  });
  expect(response.status).toBe(201);
});

test('a database works if Node has SQLite; otherwise the error says what to do', async () => {
  const db = join(__dirname, `emulator-${process.version}.db`);
  if (process.getBuiltinModule?.('node:sqlite')) {
    await (await startEmulator({ db })).stop();
  } else {
    await expect(startEmulator({ db })).rejects.toThrow(/^db needs Node 22\.13 or later; this is v20/);
  }
});
