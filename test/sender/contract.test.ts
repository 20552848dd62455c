// The delivery contract (section 4), written to be read as its documentation. 2 h 36 min pass in milliseconds.
import { describe, expect, it, vi } from 'vitest';
import { createReceiver, type WebhookEvent } from '../../src/index.js';
import type { AttemptResult } from '../../src/sender/records.js';
import { answered, failedDeployment, secret, url, useSenderHarness } from '../support/sender-harness.js';
import { stores } from '../support/sender-stores.js';
import { sleep } from '../support/sleep.js';

describe.each(stores)('the delivery contract on the $name store', ({ open }) => {
  const t = useSenderHarness(open);

  describe('an endpoint that always fails', () => {
    it('gets six attempts at 0, 10, 70, 370, 2170 and 9370 s, then is disabled and reported once', async () => {
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      const { deliveries } = await sender.publish(failedDeployment());
      await sender.runUntilIdle();

      expect(t.sentTimes()).toEqual([0, 10, 70, 370, 2_170, 9_370]);
      expect(await sender.getEndpoint(id)).toMatchObject({
        status: 'disabled',
        disabledReason: 'failures',
        disabledAtMs: t.startedMs + 9_370_000,
        failingSinceMs: t.startedMs,
        lastError: 'HTTP 500',
      });
      expect(t.onEndpointDisabled).toHaveBeenCalledExactlyOnceWith(
        expect.objectContaining({ id, status: 'disabled' }),
      );
      const { attempts, delivery } = (await sender.getDelivery(deliveries[0]!.id))!;
      expect(delivery.status).toBe('failed');
      expect(attempts.map(({ number, reason }) => `${number}: ${reason}`)).toEqual([
        '1: retry 1 of 5, after 10 s',
        '2: retry 2 of 5, after 60 s',
        '3: retry 3 of 5, after 300 s',
        '4: retry 4 of 5, after 1800 s',
        '5: retry 5 of 5, after 7200 s',
        '6: no further attempt: all retries have failed',
      ]);
      expect(t.onError).not.toHaveBeenCalled();
    });

    it('gets each retry after an interval that begins at the end of the previous attempt', async () => {
      t.answer = () => {
        t.clock.advance(4_000);
        return answered(500);
      };
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sentTimes()).toEqual([0, 14, 78, 382, 2_186, 9_390]);
    });

    it('is disabled and reported once if twenty of its events fail together', async () => {
      const sender = t.createSender();
      await t.createEndpoint(sender);
      for (let each = 0; each < 20; each += 1) await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sent.length).toBeLessThanOrEqual(20 * 6);
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(1);
    });

    it('keeps the time at which it was disabled if another attempt in flight fails later', async () => {
      const ends: (() => void)[] = [];
      t.answer = () => new Promise((resolve) => ends.push(() => resolve(answered(500))));
      const sender = t.createSender({ retryScheduleSeconds: [] });
      const { id } = await t.createEndpoint(sender);
      await sender.start();
      await sender.publish(failedDeployment());
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(ends).toHaveLength(2));
      ends[0]!();
      await vi.waitFor(() => expect(t.onEndpointDisabled).toHaveBeenCalledTimes(1));
      const first = await sender.getEndpoint(id);
      t.clock.advance(1_000);
      ends[1]!();
      await sender.stop();
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(1);
      expect(await sender.getEndpoint(id)).toMatchObject({ disabledAtMs: first!.disabledAtMs });
    });
  });

  describe('an attempt', () => {
    it.each([200, 201, 204, 299])('succeeds with status %s, and is not retried', async (status) => {
      t.answer = () => answered(status);
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sentTimes()).toEqual([0]);
    });

    it.each([
      ['a redirect', answered(301, { location: 'https://elsewhere.example/' })],
      ['304', answered(304)],
      ['400', answered(400)],
      ['404', answered(404)],
      ['a timeout', { error: 'no answer within 15000 ms', timings: { totalMs: 15_000 } }],
      [
        'a response that broke off',
        { status: 200, error: 'the response broke off', timings: { totalMs: 1 } },
      ],
    ] as [string, AttemptResult][])('fails with %s, and is retried', async (_, result) => {
      t.answer = (_request, nth) => (nth === 1 ? result : answered(200));
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      const { deliveries } = await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sentTimes()).toEqual([0, 10]);
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('succeeded');
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'enabled', failingSinceMs: null });
    });
  });

  describe('the request of an attempt', () => {
    it('has the same body and id as the first one, its own timestamp, and a signature that a receiver accepts', async () => {
      const received: WebhookEvent[] = [];
      const receiver = createReceiver({ secret, now: () => t.clock.now() }).onAny((each) =>
        received.push(each),
      );
      t.answer = async ({ headers, body }, nth) => {
        const { status } = await receiver.receive({ method: 'POST', headers, body });
        return answered(nth < 3 ? 503 : status);
      };
      const sender = t.createSender();
      await t.createEndpoint(sender);
      const published = failedDeployment();
      await sender.publish(published);
      await sender.runUntilIdle();
      expect(received).toEqual([published, published, published]);
      expect(new Set(t.sent.map(({ request }) => new TextDecoder().decode(request.body))).size).toBe(1);
      expect(
        t.sent.map(({ request }) => Number(request.headers['x-hostwares-timestamp']) - t.startedMs / 1000),
      ).toEqual([0, 10, 70]);
      expect(t.sent[0]!.request.headers['user-agent']).toMatch(/^Hostwares-Webhooks\/\d/);
    });

    it('is signed with the newest secret', async () => {
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      const receiver = createReceiver({ secret: 'whsec_the_second_secret', now: () => t.clock.now() });
      t.answer = async ({ headers, body }) => answered((await receiver.receive({ headers, body })).status);
      await sender.publish(failedDeployment());
      await sender.rotateSecret(id, { secret: 'whsec_the_second_secret' });
      await sender.runUntilIdle();
      expect(t.sentTimes()).toEqual([0]);
    });
  });

  describe('Retry-After', () => {
    it.each([
      ['120', 429, 120],
      ['120', 503, 120],
      ['5', 429, 10],
      ['120', 500, 10],
      ['99999', 429, 7_200],
      ['1e9', 429, 10],
      ['-1', 429, 10],
      ['soon', 429, 10],
      ['2026', 429, 2_026],
      ['Sat, 31 Jan 2026 08:05:00 GMT', 503, 300],
      ['Sat, 31 Jan 2026 07:05:00 GMT', 503, 10],
    ])('of "%s" with status %s leads to a retry after %s s', async (value, status, seconds) => {
      t.answer = (_, nth) => (nth === 1 ? answered(status, { 'retry-after': value }) : answered(200));
      const sender = t.createSender();
      await t.createEndpoint(sender);
      await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sentTimes()).toEqual([0, seconds]);
    });
  });

  describe('jitterRatio', () => {
    it('lengthens intervals and never shortens them', async () => {
      const sender = t.createSender({ jitterRatio: 0.5, random: () => 0.5 });
      await t.createEndpoint(sender);
      await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sentTimes()).toEqual([0, 12.5, 87.5, 462.5, 2_712.5, 11_712.5]);
    });
  });

  describe('an endpoint that responds with 410', () => {
    it('is disabled at once, and the event is held', async () => {
      t.answer = () => answered(410);
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      const { deliveries } = await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sentTimes()).toEqual([0]);
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('held');
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(1);
    });
  });

  describe('a disabled endpoint', () => {
    it('holds its deliveries, including those published later, until they are released', async () => {
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      await sender.publish(failedDeployment());
      await sender.disableEndpoint(id);
      await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.sent).toEqual([]);
      expect((await sender.listDeliveries({ status: 'held' })).items).toHaveLength(2);
      t.answer = () => answered(200);
      expect(await sender.enableEndpoint(id)).toMatchObject({ status: 'enabled', released: 0 });
      await sender.runUntilIdle();
      expect(t.sent).toEqual([]);
      expect(await sender.enableEndpoint(id, { release: true })).toMatchObject({ released: 2 });
      await sender.runUntilIdle();
      expect(t.sent).toHaveLength(2);
      expect(t.onEndpointDisabled).not.toHaveBeenCalled();
    });

    it('does not delay other deliveries while onEndpointDisabled is pending', async () => {
      let finish: () => void = () => undefined;
      t.onEndpointDisabled.mockImplementationOnce(() => new Promise<void>((resolve) => (finish = resolve)));
      const sender = t.createSender({ retryScheduleSeconds: [], maxInFlight: 1 });
      await t.createEndpoint(sender);
      await sender.start();
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.onEndpointDisabled).toHaveBeenCalledTimes(1));
      await t.createEndpoint(sender, { url: `${url}/other` });
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.sent).toHaveLength(2));
      finish();
      await sender.stop();
    });

    it('is reported each time it is disabled, and not after it was enabled', async () => {
      const sender = t.createSender({ retryScheduleSeconds: [] });
      const { id } = await t.createEndpoint(sender);
      const disable = async () => {
        t.clock.advance(1_000);
        await sender.publish(failedDeployment());
        await sender.runUntilIdle();
      };
      // The first call is still pending when the endpoint is disabled again.
      let finish: () => void = () => undefined;
      t.onEndpointDisabled.mockImplementationOnce(() => new Promise<void>((resolve) => (finish = resolve)));
      await sender.start();
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.onEndpointDisabled).toHaveBeenCalledTimes(1));
      await sender.stop({ drainMs: 0 });
      await sender.enableEndpoint(id);
      t.clock.advance(1_000);
      await sender.start();
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.onEndpointDisabled).toHaveBeenCalledTimes(2));
      finish();
      await sender.stop();
      // The third call fails, and the endpoint is enabled before it could be repeated.
      await sender.enableEndpoint(id);
      t.onEndpointDisabled.mockRejectedValueOnce(new Error('mail server down'));
      await disable();
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(3);
      await sender.enableEndpoint(id);
      await sender.start();
      await sender.stop();
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(3);
      await disable();
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(4);
    });

    it('is reported again after a minute if onEndpointDisabled rejected', async () => {
      t.onEndpointDisabled.mockRejectedValueOnce(new Error('mail server down'));
      const sender = t.createSender({ retryScheduleSeconds: [] });
      await t.createEndpoint(sender);
      await sender.start();
      await sender.publish(failedDeployment());
      await vi.waitFor(() => expect(t.onError).toHaveBeenCalledTimes(1));
      t.clock.advance(59_999);
      await sleep(5);
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(1);
      t.clock.advance(1);
      await vi.waitFor(() => expect(t.onEndpointDisabled).toHaveBeenCalledTimes(2));
      await sender.stop();
    });

    it('is reported again at the next start if onEndpointDisabled rejected', async () => {
      t.onEndpointDisabled.mockRejectedValueOnce(new Error('mail server down'));
      const sender = t.createSender({ retryScheduleSeconds: [] });
      await t.createEndpoint(sender);
      await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      expect(t.onError).toHaveBeenCalledTimes(1);
      await sender.start();
      await sender.stop({ drainMs: 0 });
      await sender.start();
      await sender.stop({ drainMs: 0 });
      expect(t.onEndpointDisabled).toHaveBeenCalledTimes(2);
    });
  });

  describe('redeliver', () => {
    it('creates a new delivery of the same event, whose failures never disable the endpoint', async () => {
      const sender = t.createSender();
      const { id } = await t.createEndpoint(sender);
      t.answer = () => answered(200);
      const { deliveries } = await sender.publish(failedDeployment());
      await sender.runUntilIdle();
      t.answer = () => answered(500);
      const redelivery = await sender.redeliver(deliveries[0]!.id);
      await sender.runUntilIdle();
      expect(redelivery).toMatchObject({ kind: 'manual', eventId: deliveries[0]!.eventId });
      expect(redelivery.id).not.toBe(deliveries[0]!.id);
      expect(new Set(t.sent.map(({ body }) => body.id)).size).toBe(1);
      expect(t.sent).toHaveLength(7);
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'enabled', lastError: 'HTTP 500' });
    });
  });
});
