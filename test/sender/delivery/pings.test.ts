// The result of a ping, and its event.
import { describe, expect, it, vi } from 'vitest';
import type { AttemptResult } from '../../../src/sender/index.js';
import { answered, eventWithId, secret, settle, useSenderHarness } from '../../support/sender-harness.js';
import { stores } from '../../support/sender-stores.js';

describe.each(stores)('a ping on the $name store', ({ open }) => {
  const t = useSenderHarness(open);
  const timings = { totalMs: 1 };

  it.each<[string, AttemptResult, object]>([
    ['200', answered(200), { ok: true, status: 200, error: null }],
    ['299', answered(299), { ok: true, status: 299, error: null }],
    ['199', answered(199), { ok: false, status: 199, error: 'HTTP 199' }],
    ['300', answered(300), { ok: false, status: 300, error: 'HTTP 300' }],
    ['a status without a body', { status: 500, timings }, { ok: false, status: 500, error: 'HTTP 500' }],
    [
      'a status and a long body',
      { status: 500, responseBody: 'x'.repeat(201), timings },
      { ok: false, status: 500, error: `HTTP 500: ${'x'.repeat(200)}` },
    ],
    [
      'a response that broke off',
      { status: 200, error: 'the response broke off', timings },
      { ok: false, status: 200, error: 'the response broke off' },
    ],
    ['no response', { error: 'refused', timings }, { ok: false, status: null, error: 'refused' }],
  ])('reports %s', async (_, result, expected) => {
    t.answerPing = () => result;
    const sender = t.createSender();
    const { ping } = await t.createEndpoint(sender);
    expect(ping).toEqual({ ...expected, deliveryId: expect.stringMatching(/^dlv_/) as string });
  });

  it.each([
    [{ accountId: 'acc_1' }, 'acc_1'],
    [{}, '*'],
  ])('to an endpoint with %j is an event of account %s', async (input, accountId) => {
    const sender = t.createSender();
    const { id, ping } = await t.createEndpoint(sender, { ...input, events: ['site.deleted'] });
    const { event, delivery } = (await sender.getDelivery(ping.deliveryId))!;
    expect(event).toMatchObject({ type: 'ping', accountId, createdAtMs: t.startedMs });
    expect(delivery).toMatchObject({ kind: 'ping', eventType: 'ping', eventId: event.id, accountId });
    expect(JSON.parse(new TextDecoder().decode(event.body))).toEqual({
      id: expect.stringMatching(/^evt_/) as string,
      event: 'ping',
      timestamp: new Date(t.startedMs).toISOString(),
      account_id: accountId,
      data: { webhook_id: id, events: ['site.deleted'] },
    });
  });

  it('is sent again if the secret was rotated during the last one', async () => {
    const sender = t.createSender();
    const { id } = await t.createEndpoint(sender);
    const ends: (() => void)[] = [];
    t.answerPing = () => new Promise((resolve) => ends.push(() => resolve(answered(200))));
    const first = sender.pingEndpoint(id);
    await settle();
    await sender.rotateSecret(id, { secret: `${secret}_2` });
    const second = sender.pingEndpoint(id);
    await settle();
    expect(ends).toHaveLength(2);
    for (const end of ends) end();
    expect((await first).deliveryId).not.toBe((await second).deliveryId);
  });

  it('that stop() aborts reports that the sender was stopped', async () => {
    const sender = t.createSender();
    const { id } = await t.createEndpoint(sender);
    t.answerPing = () => new Promise(() => undefined);
    await sender.start();
    const ping = sender.pingEndpoint(id);
    await settle();
    await sender.stop({ drainMs: 0 });
    const { deliveryId, ...result } = await ping;
    expect(result).toEqual({ ok: false, status: null, error: 'the sender was stopped' });
    expect((await sender.getDelivery(deliveryId))!.attempts[0]!.outcome).toBe('pending');
  });

  it('that is requested during a claim waits, so that no limit is exceeded', async () => {
    const sender = t.createSender({ maxInFlight: 1 });
    const { id } = await t.createEndpoint(sender);
    const claim = t.store.claim.bind(t.store);
    let resume: () => void = () => undefined;
    t.store.claim = async (request) => {
      if (request.lane === 'first') await new Promise<void>((resolve) => (resume = resolve));
      return claim(request);
    };
    let end: () => void = () => undefined;
    t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
    const sendPing = vi.fn(() => answered(200));
    t.answerPing = sendPing;
    await sender.publish(eventWithId('evt_1'));
    await sender.start();
    await settle();
    const ping = sender.pingEndpoint(id);
    resume();
    await settle();
    expect([t.sent.length, sendPing.mock.calls.length]).toEqual([1, 0]);
    t.store.claim = claim;
    end();
    expect(await ping).toMatchObject({ ok: true });
    await sender.stop();
  });

  it('that is requested during stop() gets the slot of a delivery that ends', async () => {
    const sender = t.createSender({ maxInFlight: 1 });
    const { id } = await t.createEndpoint(sender);
    let end: () => void = () => undefined;
    t.answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
    await sender.start();
    await sender.publish(eventWithId('evt_1'));
    await settle();
    const stopped = sender.stop();
    await settle();
    const ping = sender.pingEndpoint(id);
    await settle();
    end();
    await stopped;
    expect(await ping).toMatchObject({ ok: true });
  });
});
