// An option that is `undefined` counts as absent. Types alone cannot show it: a spread puts `undefined` over a default.
import { expect, it } from 'vitest';
import { createReceiver, createMemoryReplayStore, type WebhookEvent } from '../../src/index.js';
import { createBullMQHandoff } from '../../src/queues/bullmq.js';
import { createPgBossHandoff, createPgBossWorker } from '../../src/queues/pg-boss.js';
import { createMemoryStore, createSender } from '../../src/sender/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_undefined_options';

it('sampleEvent keeps its defaults, and omits an undefined field of data', () => {
  const overrides = { id: undefined, timestamp: undefined, account_id: undefined, type: undefined };
  const event = sampleEvent('deployment.completed', { ...overrides, data: { commit_sha: undefined } });
  expect(event).toMatchObject({ id: expect.stringMatching(/^evt_/) as unknown, account_id: 'acc_19c3' });
  expect(Date.parse(event.timestamp)).toBeGreaterThan(0);
  expect(Object.keys(event.data)).not.toContain('commit_sha');
  expect(sampleEvent('unknown', overrides).type).toBe('later.version');
});

it('createReceiver ignores undefined options', async () => {
  const receiver = createReceiver({
    secret,
    toleranceSeconds: undefined,
    maxBodyBytes: undefined,
    now: undefined,
    handlerTimeoutMs: undefined,
    schemas: undefined,
    handoff: undefined,
    acknowledge: undefined,
    onRejected: undefined,
    onHandled: undefined,
    replay: {
      store: createMemoryReplayStore({ maxEntries: undefined, now: undefined }),
      windowSeconds: undefined,
      leaseSeconds: undefined,
      timeoutMs: undefined,
    },
  });
  const seen: string[] = [];
  receiver.onAny((event) => void seen.push(event.event));
  const request = await createSignedRequest('site.created', { secret, url: undefined, now: undefined });
  const response = await receiver.handle(request, { waitUntil: undefined, adapterContext: undefined });
  expect([response.status, seen]).toEqual([200, ['site.created']]);
});

it('createSender ignores undefined options, and sets id and timestamp of an event', async () => {
  const sent: WebhookEvent[] = [];
  const sender = createSender({
    store: createMemoryStore(),
    clock: undefined,
    retryScheduleSeconds: undefined,
    attemptTimeoutMs: undefined,
    maxInFlight: undefined,
    maxInFlightPerAccount: undefined,
    maxInFlightPerEndpoint: undefined,
    jitterRatio: undefined,
    random: undefined,
    allowPrivateNetwork: undefined,
    onEndpointDisabled: undefined,
    onHeldExpiring: undefined,
    onError: undefined,
    retention: { days: undefined, heldDays: undefined, deliveries: undefined, bytes: undefined },
    transport: {
      send: async ({ body }) => {
        sent.push(JSON.parse(new TextDecoder().decode(body)) as WebhookEvent);
        return { status: 204, timings: { totalMs: 0 } };
      },
      close: async () => undefined,
    },
  });
  const { secret: made } = await sender.createEndpoint({
    url: 'https://93.184.215.14/',
    events: ['*'],
    secret: undefined,
    accountId: undefined,
  });
  expect(made).toMatch(/^whsec_/);
  const data = { site_id: 's', site_name: 'shop' };
  const { eventId } = await sender.publish({
    id: undefined,
    timestamp: undefined,
    event: 'site.deleted',
    account_id: 'acc_1',
    data,
  });
  expect(eventId).toMatch(/^evt_/);
  await sender.start();
  await expect.poll(() => sent.length).toBe(2);
  await sender.stop({ drainMs: undefined });
  expect(sent[1]).toMatchObject({ id: eventId, timestamp: expect.any(String) as unknown });
  const page = await sender.listDeliveries({ endpointId: undefined, cursor: undefined, limit: undefined });
  expect(page.items).toHaveLength(2);
});

it('createBullMQHandoff keeps its retries if defaultJobOptions has undefined', async () => {
  const added: object[] = [];
  const queue = {
    defaultJobOptions: { attempts: undefined, backoff: undefined, removeOnComplete: undefined },
    add: async (_name: string, _data: unknown, options: object) => {
      added.push(options);
      return { getState: async () => 'waiting', retry: async () => undefined };
    },
  };
  await createBullMQHandoff(queue)(sampleEvent('site.created'));
  expect(added[0]).toMatchObject({ attempts: 11, removeOnComplete: { age: 86_400 } });
});

it('createPgBossHandoff and createPgBossWorker ignore undefined options', async () => {
  const options: object[] = [];
  const boss = {
    send: async (_queue: string, _data: unknown, given: object) => {
      options.push(given);
      return 'id';
    },
    findJobs: async () => [],
    retry: async () => undefined,
    work: async (_queue: string, given: object) => {
      options.push(given);
      return 'worker';
    },
    notifyWorker: () => undefined,
  };
  const given = { retryLimit: undefined, retryDelay: undefined, heartbeatSeconds: undefined };
  await createPgBossHandoff(boss, { queue: 'q', ...given, deadLetter: undefined })(
    sampleEvent('site.created'),
  );
  await createPgBossWorker(createReceiver({ secret }), boss, { queue: 'q', localConcurrency: undefined });
  expect(options[0]).toMatchObject({ retryLimit: 10, retryDelay: 10, heartbeatSeconds: 30 });
  expect(options[0]).not.toHaveProperty('deadLetter');
  expect(options[1]).toEqual({ batchSize: 1, includeMetadata: true });
});
