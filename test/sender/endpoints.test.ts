// Creating, changing, listing, deleting and pinging endpoints (contract section 1).
import { describe, expect, it } from 'vitest';
import type { Sender } from '../../src/sender/index.js';
import { answered, failedDeployment, settle, url, useSenderHarness } from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';

describe.each(stores)('endpoints on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  describe('createEndpoint', () => {
    it('returns a secret only on creation, and only one that the sender generated', async () => {
      const sender = t.createSender();
      const generated = await sender.createEndpoint({ url, events: ['*'] });
      expect(generated.secret).toMatch(/^whsec_[\w-]{43}$/);
      const given = await t.createEndpoint(sender);
      const shown = [given, await sender.getEndpoint(generated.id), await sender.listEndpoints()];
      expect(JSON.stringify(shown)).not.toMatch(/whsec_/);
    });

    it.each([
      [{ url: 'http://example.com/' }, 'invalid_url'],
      [{ url: 'https://user:pw@example.com/' }, 'invalid_url'],
      [{ url: 'nonsense' }, 'invalid_url'],
      [{ url: 'https://127.0.0.1/' }, 'invalid_url'],
      [{ url: 'https://localhost/' }, 'invalid_url'],
      [{ url: 'https://2130706433/' }, 'invalid_url'],
      [{ url: 'https://0x7f.1/' }, 'invalid_url'],
      [{ url: 'https://0177.0.0.1/' }, 'invalid_url'],
      [{ url: 'https://[::ffff:10.0.0.1]/' }, 'invalid_url'],
      [{ events: ['site.paused'] }, 'invalid_events'],
      [{ events: [] }, 'invalid_events'],
      [{ secret: 'short' }, 'invalid_secret'],
    ])('rejects %j with %s', async (wrong, code) => {
      const sender = t.createSender();
      await expect(t.createEndpoint(sender, wrong)).rejects.toMatchObject({ code });
      expect((await sender.listEndpoints()).items).toEqual([]);
    });

    it('creates an endpoint whose ping throws, but none if the transport cannot be prepared', async () => {
      const sender = t.createSender({
        transport: { send: () => Promise.reject(new Error('bug')), close: async () => undefined },
      });
      const { ping } = await t.createEndpoint(sender);
      expect(ping).toMatchObject({ ok: false, status: null, error: 'the transport failed' });
      expect(t.onError).toHaveBeenCalledWith(new Error('bug'));
      const unprepared = t.createSender({
        transport: {
          prepare: () => Promise.reject(new Error('npm install client')),
          send: async () => answered(200),
          close: async () => undefined,
        },
      });
      await expect(t.createEndpoint(unprepared)).rejects.toThrow('npm install client');
      await expect(unprepared.start()).rejects.toThrow('npm install client');
      expect((await sender.listEndpoints()).items).toHaveLength(1);
    });
  });

  it.each([
    [
      'createEndpoint',
      (sender: Sender) => sender.createEndpoint({ url, events: ['*'], account_id: 'a' } as never),
    ],
    ['createEndpoint', (sender: Sender) => t.createEndpoint(sender, { accountId: '' })],
    ['createEndpoint', (sender: Sender) => t.createEndpoint(sender, { accountId: 5 })],
    ['updateEndpoint', (sender: Sender) => sender.updateEndpoint('wh_1', { secret: 'x' } as never)],
    ['listEndpoints', (sender: Sender) => sender.listEndpoints({ account_id: 'a' } as never)],
    ['listDeliveries', (sender: Sender) => sender.listDeliveries({ endpoint_id: 'a' } as never)],
  ])('%s rejects a misspelt or invalid accountId instead of assuming every account', async (_, call) => {
    const sender = t.createSender();
    await expect(call(sender)).rejects.toThrow(TypeError);
    expect((await sender.listEndpoints()).items).toEqual([]);
  });

  it('lists endpoints in pages, newest first', async () => {
    const sender = t.createSender();
    const ids: string[] = [];
    for (let each = 0; each < 5; each += 1) ids.unshift((await t.createEndpoint(sender)).id);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await sender.listEndpoints({ limit: 2, ...(cursor && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(ids);
  });

  describe('deleteEndpoint', () => {
    it('cancels the waiting deliveries, and the endpoint is not found any more', async () => {
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      const { deliveries } = await sender.publish(failedDeployment());
      await sender.deleteEndpoint(id);
      await sender.runUntilIdle();
      expect(t.sent).toEqual([]);
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('cancelled');
      await expect(sender.deleteEndpoint(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(sender.redeliver(deliveries[0]!.id)).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  it('an attempt in flight ends without an error if its endpoint is deleted', async () => {
    let end: () => void = () => undefined;
    t.answer = () => new Promise((resolve) => (end = () => resolve(answered(500))));
    const sender = t.createSender();
    const { id } = await t.createEndpoint(sender);
    await sender.start();
    const { deliveries } = await sender.publish(failedDeployment());
    await settle();
    await sender.deleteEndpoint(id);
    end();
    await sender.stop();
    expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('cancelled');
    expect(t.onError).not.toHaveBeenCalled();
  });

  describe('pingEndpoint', () => {
    it('sends one ping, even if the clock advances between any two readings', async () => {
      const pings: unknown[] = [];
      const tickingClock = {
        ...t.clock,
        now: () => {
          t.clock.advance(1);
          return t.clock.now();
        },
      };
      const sender = t.createSender({
        clock: tickingClock,
        transport: {
          send: async ({ body }) => {
            pings.push(new TextDecoder().decode(body));
            return answered(200);
          },
          close: async () => undefined,
        },
      });
      const { ping } = await t.createEndpoint(sender);
      await sender.start();
      await sender.stop();
      await sender.runUntilIdle();
      expect(pings).toHaveLength(1);
      expect((await sender.getDelivery(ping.deliveryId))!.attempts).toHaveLength(1);
    });

    it('sends one ping whose result does not change the status of the endpoint', async () => {
      const results = [answered(410), answered(500), answered(200)];
      const sender = t.createSender({
        transport: { send: async () => results.shift()!, close: async () => undefined },
      });
      const created = await t.createEndpoint(sender);
      expect(created.ping).toMatchObject({ ok: false, status: 410 });
      expect(await sender.pingEndpoint(created.id)).toMatchObject({ ok: false, status: 500 });
      expect(await sender.pingEndpoint(created.id)).toMatchObject({ ok: true, status: 200 });
      await sender.runUntilIdle();
      expect(await sender.getEndpoint(created.id)).toMatchObject({ status: 'enabled', failingSinceMs: null });
      const { attempts, delivery, event: pinged } = (await sender.getDelivery(created.ping.deliveryId))!;
      expect(delivery).toMatchObject({ kind: 'ping', status: 'failed' });
      expect(attempts).toHaveLength(1);
      expect(JSON.parse(new TextDecoder().decode(pinged.body))).toMatchObject({
        event: 'ping',
        data: { webhook_id: created.id, events: ['*'] },
      });
    });
  });
});
