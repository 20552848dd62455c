// Endpoints share the attempts in flight, and so do first attempts and retries.
import { describe, expect, it, vi } from 'vitest';
import { sampleEvent } from '../../src/testing/index.js';
import {
  answered,
  eventWithId,
  failedDeployment,
  settle,
  url,
  useSenderHarness,
} from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';
import { sleep } from '../support/sleep.js';

describe.each(stores)('attempts in flight on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  it('are at most eight for one endpoint, which does not delay the others', async () => {
    let open = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    t.answer = async ({ url: to }) => {
      if (!to.endsWith('/slow')) return answered(200);
      most = Math.max(most, ++open);
      await new Promise<void>((resolve) => waiting.push(resolve));
      open -= 1;
      return answered(200);
    };
    const sender = t.createSender();
    await t.createEndpoint(sender, { url: `${url}/slow` });
    await t.createEndpoint(sender);
    await sender.start();
    for (let each = 0; each < 40; each += 1) await sender.publish(failedDeployment());
    await vi.waitFor(() =>
      expect(t.sent.filter(({ request }) => !request.url.endsWith('/slow'))).toHaveLength(40),
    );
    while (t.sent.length < 80) {
      waiting.splice(0).forEach((resolve) => resolve());
      await new Promise((resolve) => setImmediate(resolve));
    }
    waiting.forEach((resolve) => resolve());
    await sender.stop();
    expect(most).toBe(8);
  });

  it('are not delayed by the backlog of a disabled endpoint, which is held', async () => {
    t.answer = () => answered(200);
    const sender = t.createSender();
    const { id } = await t.createEndpoint(sender, { accountId: 'acc_1' });
    await t.createEndpoint(sender, { accountId: 'acc_2', url: `${url}/other` });
    const low = (account: string) => sampleEvent('credits.low', { account_id: account });
    for (let each = 0; each < 1_100; each += 1) await sender.publish(low('acc_1'));
    await sender.disableEndpoint(id);
    t.clock.advance(1);
    await sender.publish(low('acc_2'));
    await sender.start();
    await vi.waitFor(() => expect(t.sent.map(({ request }) => request.url)).toEqual([`${url}/other`]));
    await vi.waitFor(async () =>
      expect((await sender.listDeliveries({ status: 'scheduled' })).items).toEqual([]),
    );
    await sender.stop();
    const held = await sender.enableEndpoint(id, { release: true });
    expect(held.released).toBe(1_100);
  });

  it('begin when a retry is due, although it was behind one that waited for a slot', async () => {
    const retries: (() => void)[] = [];
    t.answer = async (_, nth) => {
      if (nth <= 3) return answered(500);
      await new Promise<void>((resolve) => retries.push(resolve));
      return answered(200);
    };
    // Two slots, of which retries may take one.
    const sender = t.createSender({ maxInFlightPerEndpoint: 2 });
    await t.createEndpoint(sender);
    await sender.start();
    const advance = async (ms: number): Promise<void> => {
      t.clock.advance(ms);
      await settle();
    };
    // Retries are due at 10.000 s, 10.001 s and 10.050 s.
    for (const [id, ms] of [
      ['evt_1', 1],
      ['evt_2', 49],
      ['evt_3', 0],
    ] as const) {
      await sender.publish(eventWithId(id));
      await settle();
      await advance(ms);
    }
    await advance(9_950);
    await advance(1);
    expect(t.sentIds().slice(3)).toEqual(['evt_1']);
    // The second begins when the first ends, before the third is due.
    for (let each = 0; each < 2; each += 1) {
      retries[each]?.();
      await settle();
    }
    expect(t.sentIds().slice(3)).toEqual(['evt_1', 'evt_2']);
    await advance(49);
    expect(t.sentIds().slice(3)).toEqual(['evt_1', 'evt_2', 'evt_3']);
    retries[2]?.();
    await sender.stop();
  });

  it('alternate between first attempts and retries when both have a backlog', async () => {
    // Two slots, of which retries may take one.
    const failing = new Set<string>();
    t.answer = ({ url: to }) => answered(failing.has(to) ? 500 : 200);
    const sender = t.createSender({ maxInFlight: 2, retryScheduleSeconds: [1, 1, 1, 1, 1] });
    failing.add(`${url}/down`);
    await t.createEndpoint(sender, { accountId: 'acc_1', url: `${url}/down` });
    await t.createEndpoint(sender, { accountId: 'acc_2', url: `${url}/healthy` });
    const low = (account: string) => sampleEvent('credits.low', { account_id: account });
    for (let each = 0; each < 20; each += 1) await sender.publish(low('acc_1'));
    await sender.start();
    await vi.waitFor(() => expect(t.sent).toHaveLength(20));
    await sender.stop();
    for (let each = 0; each < 20; each += 1) await sender.publish(low('acc_2'));
    t.clock.advance(1_000);
    t.sent = [];
    await sender.start();
    await vi.waitFor(() => expect(t.sent).toHaveLength(40));
    await sender.stop();
    const firstHalf = t.sent.slice(0, 20).filter(({ request }) => request.url.endsWith('/down'));
    expect(firstHalf.length).toBeGreaterThanOrEqual(8);
    expect(firstHalf.length).toBeLessThanOrEqual(12);
  });

  it('include a retry when it is due, even if another endpoint has used up its limit', async () => {
    t.answer = ({ url: to }) => (to.endsWith('/hangs') ? new Promise(() => undefined) : answered(500));
    const sender = t.createSender({ maxInFlightPerEndpoint: 1 });
    await t.createEndpoint(sender, { accountId: 'acc_1', url: `${url}/hangs` });
    await t.createEndpoint(sender, { accountId: 'acc_2', url: `${url}/down` });
    const low = (account: string) => sampleEvent('credits.low', { account_id: account });
    await sender.start();
    for (let each = 0; each < 3; each += 1) await sender.publish(low('acc_1'));
    await sender.publish(low('acc_2'));
    const down = () => t.sentTimes().filter((_, index) => t.sent[index]!.request.url.endsWith('/down'));
    await vi.waitFor(() => expect(down()).toEqual([0]));
    await sleep(10);
    t.clock.advance(10_000);
    await vi.waitFor(() => expect(down()).toEqual([0, 10]));
    await sender.stop({ drainMs: 0 });
  });
});
