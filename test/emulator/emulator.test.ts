// The emulator through its public face: a server on loopback, deliveries to a real receiver, and its clock.
import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createReceiver, type WebhookEvent } from '../../src/index.js';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { createNodeHandler } from '../../adapters/node.js';
import { close, listen } from '../support/http-server.js';

const secret = 'whsec_secret_of_the_emulator';
let emulator: Emulator;
let server: Server;
let url: string;
let failing: boolean;
let received: WebhookEvent[];

beforeEach(async () => {
  failing = false;
  received = [];
  const receiver = createReceiver({ secret, logger: false });
  receiver.onAny((event) => {
    if (failing && event.event !== 'ping') throw new Error('down');
    received.push(event);
  });
  server = createServer(createNodeHandler(receiver));
  url = await listen(server);
  emulator = await startEmulator();
});
afterEach(async () => {
  await emulator.stop();
  await close(server);
});

it('delivers a triggered event, signed for the endpoint', async () => {
  const endpoint = await emulator.createEndpoint({ url, events: ['*'], secret });
  expect(endpoint.ping.ok).toBe(true);
  const { deliveries } = await emulator.trigger('deployment.failed');
  const attempt = await emulator.waitForAttempt(deliveries[0]!.id);
  expect(attempt).toMatchObject({ outcome: 'success', result: { status: 200 } });
  expect(received.map(({ event }) => event)).toEqual(['ping', 'deployment.failed']);
});

it('plays all retries in moments, each accepted by a receiver that checks the timestamp', async () => {
  const endpoint = await emulator.createEndpoint({ url, events: ['*'], secret });
  failing = true;
  const startedMs = emulator.clock.now();
  const { deliveries } = await emulator.trigger('credits.low');
  await emulator.waitForAttempt(deliveries[0]!.id);
  await emulator.clock.jumpToNextRetry();
  const once = await emulator.sender.getDelivery(deliveries[0]!.id);
  expect(once?.attempts.map(({ result }) => result?.status)).toEqual([500, 500]);
  await emulator.clock.runToEnd();
  const details = await emulator.sender.getDelivery(deliveries[0]!.id);
  expect(details?.delivery.status).toBe('failed');
  expect(details?.attempts.map(({ result }) => result?.status)).toEqual([500, 500, 500, 500, 500, 500]);
  expect(emulator.clock.now() - startedMs).toBeGreaterThanOrEqual(9_370_000);
  expect((await emulator.sender.getEndpoint(endpoint.id))?.status).toBe('disabled');
  expect(emulator.mailbox.list()).toHaveLength(1);
});
