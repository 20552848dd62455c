// The deliveries of an event, and the events that are rejected.
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { eventTypes, type WebhookEvent } from '../../src/index.js';
import { createSender, type PublishInput } from '../../src/sender/index.js';
import { createSqliteStore } from '../../src/sender/stores/sqlite/sqlite.js';
import type { SenderStore } from '../../src/sender/stores/store.js';
import { sampleEvent } from '../../src/testing/index.js';
import {
  answered,
  failedDeployment,
  secret,
  settle,
  url,
  useSenderHarness,
} from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe.each(stores)('publish on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  beforeEach(() => {
    t.answer = () => answered(200);
  });

  it('creates a delivery for each subscribed endpoint of the account, and for those without an account', async () => {
    const sender = t.createSender();
    const failed = await t.createEndpoint(sender, { events: ['deployment.failed'], accountId: 'acc_19c3' });
    const all = await t.createEndpoint(sender);
    await t.createEndpoint(sender, { events: ['ssl.issued'] });
    await t.createEndpoint(sender, { accountId: 'acc_other' });
    const { deliveries } = await sender.publish(failedDeployment());
    expect(deliveries.map(({ endpointId }) => endpointId).sort()).toEqual([failed.id, all.id].sort());
  });

  it('adds nothing for an id that the account has published before', async () => {
    const sender = t.createSender();
    await t.createEndpoint(sender);
    const first = await sender.publish(failedDeployment());
    const input = { id: first.eventId, event: 'credits.low', data: { balance: 1 } } as const;
    expect(await sender.publish({ ...input, account_id: 'acc_19c3' })).toEqual({
      ...first,
      created: false,
    });
    // An id is an account's own.
    await t.createEndpoint(sender, { accountId: 'acc_other', url: `${url}/other` });
    const other = await sender.publish({ ...input, account_id: 'acc_other' });
    expect(other.created).toBe(true);
    expect(new Set(other.deliveries.map(({ accountId }) => accountId))).toEqual(new Set(['acc_other']));
    await sender.runUntilIdle();
    expect(t.sent).toHaveLength(3);
  });

  it('accepts every event type, and types that this version does not know', async () => {
    const sender = t.createSender();
    await t.createEndpoint(sender);
    for (const type of eventTypes) await sender.publish(sampleEvent(type) as WebhookEvent);
    await sender.publish(sampleEvent('unknown', { type: 'site.paused' }));
    await sender.runUntilIdle();
    expect(t.sent.map(({ body }) => body.event)).toEqual([...eventTypes, 'site.paused']);
  });

  it.each([
    [{ event: 'ping', account_id: 'a', data: {} }, 'invalid_event'],
    [{ event: '', account_id: 'a', data: {} }, 'invalid_event'],
    [{ event: 'credits.low', account_id: 'a', data: [] }, 'invalid_event'],
    [{ event: 'credits.low', account_id: 'a', timestamp: 'now', data: {} }, 'invalid_event'],
    [{ event: 'credits.low', account_id: 'a', data: { text: 'x'.repeat(262_144) } }, 'payload_too_large'],
  ])('rejects %j with %s', async (input, code) => {
    await expect(t.createSender().publish(input as PublishInput)).rejects.toMatchObject({ code });
  });
});

const folder = temporaryFolder();

it('the next process completes an event that a killed process stored in part, on SQLite', async () => {
  const event = sampleEvent('credits.low');
  const path = join(folder, 'webhooks.db');
  const sent = new Set<string>();
  let count = 0;
  const make = (store: SenderStore) =>
    createSender({
      store,
      transport: {
        async send({ url: to }) {
          sent.add(to);
          count += 1;
          return answered(200);
        },
        close: async () => undefined,
      },
    });
  const first = createSqliteStore({ path });
  const sender = make(first);
  for (let each = 0; each < 250; each += 1) {
    await sender.createEndpoint({ url: `${url}/${each}`, events: ['*'], secret });
  }
  count = 0;
  sent.clear();
  const publish = first.publish.bind(first);
  first.publish = (...given) => (given[2] === 2 ? new Promise(() => undefined) : publish(...given));
  void sender.publish(event);
  await settle();
  await first.close();

  const second = createSqliteStore({ path, synchronous: 'normal' });
  const next = make(second);
  await next.start();
  await vi.waitFor(() => expect(sent.size).toBe(250));
  expect((await next.publish(event)).deliveries).toHaveLength(250);
  await next.stop();
  await second.close();
  expect(count).toBe(250);
});
