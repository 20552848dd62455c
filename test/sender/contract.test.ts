// The delivery contract (section 4), to be read as its documentation. 2 h 36 min pass in milliseconds.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSender, type PublishInput, type Sender, type SenderOptions } from '../../src/sender/index.js';
import { createMemoryStore } from '../../src/sender/stores/memory/memory.js';
import type { SenderStore } from '../../src/sender/stores/store.js';
import type { AttemptResult } from '../../src/sender/records.js';
import type { OutgoingRequest } from '../../src/sender/transport/transport.js';
import { createReceiver, eventTypes, type WebhookEvent } from '../../src/index.js';
import { createVirtualClock, sampleEvent } from '../../src/testing/index.js';
import { stores } from '../support/sender-stores.js';

const url = 'https://93.184.215.14/webhooks/hostwares';
const secret = 'whsec_of_the_contract_test';
const answered = (status: number, headers: Record<string, string> = {}): AttemptResult => ({
  status,
  responseHeaders: headers,
  responseBody: '',
  timings: { totalMs: 0 },
});

describe.each(stores)('on the $name store', ({ open }) => {
  let store: SenderStore;
  let clock: ReturnType<typeof createVirtualClock>;
  let startedMs: number;
  /** What was sent, pings left out, with seconds since the start. */
  let sent: { at: number; request: OutgoingRequest; body: { id: string; event: string } }[];
  let answer: (request: OutgoingRequest, nth: number) => AttemptResult | Promise<AttemptResult>;
  const onEndpointDisabled = vi.fn();
  const onError = vi.fn();

  beforeEach(() => {
    store = open();
    clock = createVirtualClock();
    startedMs = clock.now();
    sent = [];
    answer = () => answered(500);
    vi.clearAllMocks();
  });

  afterEach(() => store.close());

  function make(options: Partial<SenderOptions> = {}): Sender {
    return createSender({
      store,
      clock,
      transport: {
        async send(request) {
          const body = JSON.parse(new TextDecoder().decode(request.body)) as { id: string; event: string };
          if (body.event === 'ping') return answered(200);
          sent.push({ at: (clock.now() - startedMs) / 1000, request, body });
          return answer(request, sent.length);
        },
        close: async () => undefined,
      },
      onEndpointDisabled,
      onError,
      ...options,
    });
  }

  const endpoint = (sender: Sender, more: object = {}) =>
    sender.createEndpoint({ url, events: ['*'], secret, ...more });
  const event = () => sampleEvent('deployment.failed');
  const times = () => sent.map(({ at }) => at);

  describe('an endpoint that always fails', () => {
    it('gets six attempts at 0, 10, 70, 370, 2170 and 9370 s, is disabled once and told once', async () => {
      const sender = make();
      const { id } = await endpoint(sender);
      const { deliveries } = await sender.publish(event());
      await sender.runUntilIdle();

      expect(times()).toEqual([0, 10, 70, 370, 2_170, 9_370]);
      expect(await sender.getEndpoint(id)).toMatchObject({
        status: 'disabled',
        disabledReason: 'failures',
        disabledAtMs: startedMs + 9_370_000,
        failingSinceMs: startedMs,
        lastError: 'HTTP 500',
      });
      expect(onEndpointDisabled).toHaveBeenCalledExactlyOnceWith(
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
      expect(onError).not.toHaveBeenCalled();
    });

    it('counts each interval from the end of the attempt before', async () => {
      answer = () => {
        clock.advance(4_000);
        return answered(500);
      };
      const sender = make();
      await endpoint(sender);
      await sender.publish(event());
      await sender.runUntilIdle();
      expect(times()).toEqual([0, 14, 78, 382, 2_186, 9_390]);
    });

    it('is disabled once, however many of its events fail together', async () => {
      const sender = make();
      await endpoint(sender);
      for (let each = 0; each < 20; each += 1) await sender.publish(event());
      await sender.runUntilIdle();
      expect(sent.length).toBeLessThanOrEqual(20 * 6);
      expect(onEndpointDisabled).toHaveBeenCalledTimes(1);
    });

    it('is disabled once, also by an event that was under way when it was', async () => {
      const ends: (() => void)[] = [];
      answer = () => new Promise((resolve) => ends.push(() => resolve(answered(500))));
      const sender = make({ retryScheduleSeconds: [] });
      const { id } = await endpoint(sender);
      await sender.start();
      await sender.publish(event());
      await sender.publish(event());
      await vi.waitFor(() => expect(ends).toHaveLength(2));
      ends[0]!();
      await vi.waitFor(() => expect(onEndpointDisabled).toHaveBeenCalledTimes(1));
      const first = await sender.getEndpoint(id);
      clock.advance(1_000);
      ends[1]!();
      await sender.stop();
      expect(onEndpointDisabled).toHaveBeenCalledTimes(1);
      expect(await sender.getEndpoint(id)).toMatchObject({ disabledAtMs: first!.disabledAtMs });
    });
  });

  describe('what counts as success', () => {
    it.each([200, 201, 204, 299])('%s does, and nothing is sent again', async (status) => {
      answer = () => answered(status);
      const sender = make();
      await endpoint(sender);
      await sender.publish(event());
      await sender.runUntilIdle();
      expect(times()).toEqual([0]);
    });

    it.each([
      ['a redirect', answered(301, { location: 'https://elsewhere.example/' })],
      ['304', answered(304)],
      ['400', answered(400)],
      ['404', answered(404)],
      ['a timeout', { error: 'no answer within 15000 ms', timings: { totalMs: 15_000 } }],
      ['an answer that broke off', { status: 200, error: 'the answer broke off', timings: { totalMs: 1 } }],
    ] as [string, AttemptResult][])('%s does not', async (_, result) => {
      answer = (_request, nth) => (nth === 1 ? result : answered(200));
      const sender = make();
      const { id } = await endpoint(sender);
      const { deliveries } = await sender.publish(event());
      await sender.runUntilIdle();
      expect(times()).toEqual([0, 10]);
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('succeeded');
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'enabled', failingSinceMs: null });
    });
  });

  describe('every attempt', () => {
    it('has the same body and id, a stamp of its own, and a signature the receiver takes', async () => {
      const received: WebhookEvent[] = [];
      const receiver = createReceiver({ secret, now: () => clock.now() }).onAny((each) =>
        received.push(each),
      );
      answer = async ({ headers, body }, nth) => {
        const { status } = await receiver.receive({ method: 'POST', headers, body });
        return answered(nth < 3 ? 503 : status);
      };
      const sender = make();
      await endpoint(sender);
      const published = event();
      await sender.publish(published);
      await sender.runUntilIdle();
      expect(received).toEqual([published, published, published]);
      expect(new Set(sent.map(({ request }) => new TextDecoder().decode(request.body))).size).toBe(1);
      expect(
        sent.map(({ request }) => Number(request.headers['x-hostwares-timestamp']) - startedMs / 1000),
      ).toEqual([0, 10, 70]);
      expect(sent[0]!.request.headers['user-agent']).toMatch(/^Hostwares-Webhooks\/\d/);
    });

    it('is signed with the newest secret', async () => {
      const sender = make();
      const { id } = await endpoint(sender);
      const receiver = createReceiver({ secret: 'whsec_the_second_secret', now: () => clock.now() });
      answer = async ({ headers, body }) => answered((await receiver.receive({ headers, body })).status);
      await sender.publish(event());
      await sender.rotateSecret(id, { secret: 'whsec_the_second_secret' });
      await sender.runUntilIdle();
      expect(times()).toEqual([0]);
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
    ])('%s with %s: %s s', async (value, status, seconds) => {
      answer = (_, nth) => (nth === 1 ? answered(status, { 'retry-after': value }) : answered(200));
      const sender = make();
      await endpoint(sender);
      await sender.publish(event());
      await sender.runUntilIdle();
      expect(times()).toEqual([0, seconds]);
    });
  });

  describe('jitter', () => {
    it('only adds', async () => {
      const sender = make({ jitterRatio: 0.5, random: () => 0.5 });
      await endpoint(sender);
      await sender.publish(event());
      await sender.runUntilIdle();
      expect(times()).toEqual([0, 12.5, 87.5, 462.5, 2_712.5, 11_712.5]);
    });
  });

  describe('disabled endpoints', () => {
    it('410 disables at once, and holds the event', async () => {
      answer = () => answered(410);
      const sender = make();
      const { id } = await endpoint(sender);
      const { deliveries } = await sender.publish(event());
      await sender.runUntilIdle();
      expect(times()).toEqual([0]);
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('held');
      expect(onEndpointDisabled).toHaveBeenCalledTimes(1);
    });

    it('hold what is due and what is published, and send it when it is released', async () => {
      const sender = make();
      const { id } = await endpoint(sender);
      await sender.publish(event());
      await sender.disableEndpoint(id);
      await sender.publish(event());
      await sender.runUntilIdle();
      expect(sent).toEqual([]);
      expect((await sender.listDeliveries({ status: 'held' })).items).toHaveLength(2);
      answer = () => answered(200);
      expect(await sender.enableEndpoint(id)).toMatchObject({ status: 'enabled', released: 0 });
      await sender.runUntilIdle();
      expect(sent).toEqual([]);
      expect(await sender.enableEndpoint(id, { release: true })).toMatchObject({ released: 2 });
      await sender.runUntilIdle();
      expect(sent).toHaveLength(2);
      expect(onEndpointDisabled).not.toHaveBeenCalled();
    });

    it('keep nobody waiting while their owners are told', async () => {
      let told: () => void = () => undefined;
      onEndpointDisabled.mockImplementationOnce(() => new Promise<void>((resolve) => (told = resolve)));
      const sender = make({ retryScheduleSeconds: [], maxInFlight: 1 });
      await endpoint(sender);
      await sender.start();
      await sender.publish(event());
      await vi.waitFor(() => expect(onEndpointDisabled).toHaveBeenCalledTimes(1));
      await endpoint(sender, { url: `${url}/other` });
      await sender.publish(event());
      await vi.waitFor(() => expect(sent).toHaveLength(2));
      told();
      await sender.stop();
    });

    it('are told of each time they are disabled, and of nothing once they are enabled', async () => {
      const sender = make({ retryScheduleSeconds: [] });
      const { id } = await endpoint(sender);
      const disable = async () => {
        clock.advance(1_000);
        await sender.publish(event());
        await sender.runUntilIdle();
      };
      // The first notice is still being given when the endpoint is disabled again.
      let told: () => void = () => undefined;
      onEndpointDisabled.mockImplementationOnce(() => new Promise<void>((resolve) => (told = resolve)));
      await sender.start();
      await sender.publish(event());
      await vi.waitFor(() => expect(onEndpointDisabled).toHaveBeenCalledTimes(1));
      await sender.stop({ drainMs: 0 });
      await sender.enableEndpoint(id);
      clock.advance(1_000);
      await sender.start();
      await sender.publish(event());
      await vi.waitFor(() => expect(onEndpointDisabled).toHaveBeenCalledTimes(2));
      told();
      await sender.stop();
      // A third one could not be given; the endpoint is well again before there is another occasion.
      await sender.enableEndpoint(id);
      onEndpointDisabled.mockRejectedValueOnce(new Error('mail server down'));
      await disable();
      expect(onEndpointDisabled).toHaveBeenCalledTimes(3);
      await sender.enableEndpoint(id);
      await sender.start();
      await sender.stop();
      expect(onEndpointDisabled).toHaveBeenCalledTimes(3);
      await disable();
      expect(onEndpointDisabled).toHaveBeenCalledTimes(4);
    });

    it('tell again after a minute if telling failed', async () => {
      onEndpointDisabled.mockRejectedValueOnce(new Error('mail server down'));
      const sender = make({ retryScheduleSeconds: [] });
      await endpoint(sender);
      await sender.start();
      await sender.publish(event());
      await vi.waitFor(() => expect(onError).toHaveBeenCalledTimes(1));
      clock.advance(59_999);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(onEndpointDisabled).toHaveBeenCalledTimes(1);
      clock.advance(1);
      await vi.waitFor(() => expect(onEndpointDisabled).toHaveBeenCalledTimes(2));
      await sender.stop();
    });

    it('tell again at the next start if telling failed', async () => {
      onEndpointDisabled.mockRejectedValueOnce(new Error('mail server down'));
      const sender = make({ retryScheduleSeconds: [] });
      await endpoint(sender);
      await sender.publish(event());
      await sender.runUntilIdle();
      expect(onError).toHaveBeenCalledTimes(1);
      await sender.start();
      await sender.stop({ drainMs: 0 });
      await sender.start();
      await sender.stop({ drainMs: 0 });
      expect(onEndpointDisabled).toHaveBeenCalledTimes(2);
    });
  });

  describe('by hand', () => {
    it('redelivers as a new delivery of the same event, which never disables', async () => {
      const sender = make();
      const { id } = await endpoint(sender);
      answer = () => answered(200);
      const { deliveries } = await sender.publish(event());
      await sender.runUntilIdle();
      answer = () => answered(500);
      const again = await sender.redeliver(deliveries[0]!.id);
      await sender.runUntilIdle();
      expect(again).toMatchObject({ kind: 'manual', eventId: deliveries[0]!.eventId });
      expect(again.id).not.toBe(deliveries[0]!.id);
      expect(new Set(sent.map(({ body }) => body.id)).size).toBe(1);
      expect(sent).toHaveLength(7);
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'enabled', lastError: 'HTTP 500' });
    });

    it('deleting cancels what waits', async () => {
      const sender = make();
      const { id } = await endpoint(sender);
      const { deliveries } = await sender.publish(event());
      await sender.deleteEndpoint(id);
      await sender.runUntilIdle();
      expect(sent).toEqual([]);
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('cancelled');
      await expect(sender.deleteEndpoint(id)).rejects.toMatchObject({ code: 'not_found' });
      await expect(sender.redeliver(deliveries[0]!.id)).rejects.toMatchObject({ code: 'not_found' });
    });

    it('pings once, also where the clock goes on between any two looks at it', async () => {
      const pings: unknown[] = [];
      const moving = {
        ...clock,
        now: () => {
          clock.advance(1);
          return clock.now();
        },
      };
      const sender = make({
        clock: moving,
        transport: {
          send: async ({ body }) => {
            pings.push(new TextDecoder().decode(body));
            return answered(200);
          },
          close: async () => undefined,
        },
      });
      const { ping } = await endpoint(sender);
      await sender.start();
      await sender.stop();
      await sender.runUntilIdle();
      expect(pings).toHaveLength(1);
      expect((await sender.getDelivery(ping.deliveryId))!.attempts).toHaveLength(1);
    });

    it('pings once, whatever comes of it, and it counts for nothing', async () => {
      const results = [answered(410), answered(500), answered(200)];
      const sender = make({
        transport: { send: async () => results.shift()!, close: async () => undefined },
      });
      const created = await endpoint(sender);
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

  describe('publishing', () => {
    beforeEach(() => {
      answer = () => answered(200);
    });

    it('reaches each endpoint that is subscribed, of the account or of none', async () => {
      const sender = make();
      const failed = await endpoint(sender, { events: ['deployment.failed'], accountId: 'acc_19c3' });
      const all = await endpoint(sender);
      await endpoint(sender, { events: ['ssl.issued'] });
      await endpoint(sender, { accountId: 'acc_other' });
      const { deliveries } = await sender.publish(event());
      expect(deliveries.map(({ endpointId }) => endpointId).sort()).toEqual([failed.id, all.id].sort());
    });

    it('is idempotent by id', async () => {
      const sender = make();
      await endpoint(sender);
      const first = await sender.publish(event());
      const input = { id: first.eventId, event: 'credits.low', data: { balance: 1 } } as const;
      expect(await sender.publish({ ...input, account_id: 'acc_19c3' })).toEqual({
        ...first,
        created: false,
      });
      // An id is an account's own.
      await endpoint(sender, { accountId: 'acc_other', url: `${url}/other` });
      const other = await sender.publish({ ...input, account_id: 'acc_other' });
      expect(other.created).toBe(true);
      expect(new Set(other.deliveries.map(({ accountId }) => accountId))).toEqual(new Set(['acc_other']));
      await sender.runUntilIdle();
      expect(sent).toHaveLength(3);
    });

    it('sends every type, and types of tomorrow', async () => {
      const sender = make();
      await endpoint(sender);
      for (const type of eventTypes) await sender.publish(sampleEvent(type) as WebhookEvent);
      await sender.publish(sampleEvent('unknown', { type: 'site.paused' }));
      await sender.runUntilIdle();
      expect(sent.map(({ body }) => body.event)).toEqual([...eventTypes, 'site.paused']);
    });

    it.each([
      [{ event: 'ping', account_id: 'a', data: {} }, 'invalid_event'],
      [{ event: '', account_id: 'a', data: {} }, 'invalid_event'],
      [{ event: 'credits.low', account_id: 'a', data: [] }, 'invalid_event'],
      [{ event: 'credits.low', account_id: 'a', timestamp: 'now', data: {} }, 'invalid_event'],
      [{ event: 'credits.low', account_id: 'a', data: { text: 'x'.repeat(262_144) } }, 'payload_too_large'],
    ])('refuses %j', async (input, code) => {
      await expect(make().publish(input as PublishInput)).rejects.toMatchObject({ code });
    });
  });

  describe('options that cannot work', () => {
    it.each([
      [{ store: createMemoryStore as never }, /store must be a store/],
      [{ store: undefined as never }, /store must be a store/],
      [{ transport: (() => undefined) as never }, /transport must be/],
      [{ clock: Date as never }, /clock must be/],
      [{ allowPrivateNetwork: 'false' as never }, /allowPrivateNetwork must be true or false/],
      [{ attemptTimeoutMs: '5000' as never }, /attemptTimeoutMs must be/],
      [{ retryScheduleSeconds: '10' as never }, /retryScheduleSeconds must be/],
      [{ retryScheduleSeconds: [-1] }, /retryScheduleSeconds must be/],
      [{ maxInFlight: 0 }, /maxInFlight must be/],
      [{ maxInFlightPerEndpoint: 1.5 }, /maxInFlightPerEndpoint must be/],
      [{ jitterRatio: 2 }, /jitterRatio must be/],
      [{ retention: 30 as never }, /retention must be an object/],
      [{ retention: { days: 0 } }, /retention\.days must be/],
      [{ retention: { hours: 1 } as never }, /hours is not an option of retention/],
      [{ onEndpointDisabled: 'x' as never }, /onEndpointDisabled must be/],
      [{ retrySchedule: [1] } as never, /retrySchedule is not an option of createSender. Known: store,/],
    ])('%o are refused at set-up', (options: Partial<SenderOptions>, message) => {
      expect(() => make(options)).toThrow(message);
      expect(() => make(options)).toThrow(TypeError);
    });
  });

  describe('retention', () => {
    const settled = (sender: Sender, id: string) =>
      vi.waitFor(async () => expect((await sender.getDelivery(id))!.delivery.status).toBe('succeeded'));

    it.each([
      ['30 days', {}, 29.9, 30.1],
      ['as long as is set', { retention: { days: 2 } }, 1.9, 2.1],
    ])('keeps what has ended for %s, and then forgets it', async (_, options, stillDays, goneDays) => {
      answer = () => answered(200);
      const sender = make(options);
      await endpoint(sender);
      await sender.start();
      const [delivery] = (await sender.publish(event())).deliveries;
      await settled(sender, delivery!.id);
      clock.advanceTo(startedMs + stillDays * 86_400_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(await sender.getDelivery(delivery!.id)).toBeDefined();
      clock.advanceTo(startedMs + goneDays * 86_400_000);
      await new Promise((resolve) => setTimeout(resolve, 10));
      clock.advance(90_000);
      await vi.waitFor(async () => expect(await sender.getDelivery(delivery!.id)).toBeUndefined());
      await sender.stop();
      expect((await sender.publish(event())).created).toBe(true);
    });

    it('keeps so many, the newest, and all that waits', async () => {
      answer = () => answered(200);
      const sender = make({ retention: { deliveries: 1 } });
      const { id } = await endpoint(sender, { accountId: event().account_id });
      await sender.start();
      const ids: string[] = [];
      for (let each = 0; each < 3; each += 1) {
        const [delivery] = (await sender.publish(event())).deliveries;
        ids.push(delivery!.id);
        await settled(sender, delivery!.id);
      }
      await sender.disableEndpoint(id);
      const [held] = (await sender.publish(event())).deliveries;
      clock.advance(90_000);
      await vi.waitFor(async () => expect(await sender.getDelivery(ids[1]!)).toBeUndefined());
      await sender.stop();
      const kept = (await sender.listDeliveries()).items.map((delivery) => delivery.id);
      expect(kept).toEqual([held!.id, ids[2]]);
    });

    it('is told to onError where the store fails, and goes on', async () => {
      const prune = store.prune.bind(store);
      store.prune = () => Promise.reject(new Error('disk full'));
      const sender = make();
      await sender.start();
      await vi.waitFor(() => expect(onError).toHaveBeenCalledWith(new Error('disk full')));
      let pruned = 0;
      store.prune = (rule) => {
        pruned += 1;
        return prune(rule);
      };
      clock.advance(90_000);
      await vi.waitFor(() => expect(pruned).toBe(1));
      await sender.stop();
    });
  });

  describe('endpoints', () => {
    it('show their secret once, and only one that was made for them', async () => {
      const sender = make();
      const made = await sender.createEndpoint({ url, events: ['*'] });
      expect(made.secret).toMatch(/^whsec_[\w-]{43}$/);
      const given = await endpoint(sender);
      const shown = [given, await sender.getEndpoint(made.id), await sender.listEndpoints()];
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
    ])('refuse %j', async (wrong, code) => {
      const sender = make();
      await expect(endpoint(sender, wrong)).rejects.toMatchObject({ code });
      expect((await sender.listEndpoints()).items).toEqual([]);
    });

    it('are saved although their ping throws, and not where nothing could be sent at all', async () => {
      const sender = make({
        transport: { send: () => Promise.reject(new Error('bug')), close: async () => undefined },
      });
      const { ping } = await endpoint(sender);
      expect(ping).toMatchObject({ ok: false, status: null, error: 'the transport failed' });
      expect(onError).toHaveBeenCalledWith(new Error('bug'));
      const without = make({
        transport: {
          prepare: () => Promise.reject(new Error('npm install client')),
          send: async () => answered(200),
          close: async () => undefined,
        },
      });
      await expect(endpoint(without)).rejects.toThrow('npm install client');
      await expect(without.start()).rejects.toThrow('npm install client');
      expect((await sender.listEndpoints()).items).toHaveLength(1);
    });

    it.each([
      [
        'createEndpoint',
        (sender: Sender) => sender.createEndpoint({ url, events: ['*'], account_id: 'a' } as never),
      ],
      ['createEndpoint', (sender: Sender) => endpoint(sender, { accountId: '' })],
      ['createEndpoint', (sender: Sender) => endpoint(sender, { accountId: 5 })],
      ['updateEndpoint', (sender: Sender) => sender.updateEndpoint('wh_1', { secret: 'x' } as never)],
      ['listEndpoints', (sender: Sender) => sender.listEndpoints({ account_id: 'a' } as never)],
      ['listDeliveries', (sender: Sender) => sender.listDeliveries({ endpoint_id: 'a' } as never)],
    ])('%s refuses what is misspelt, rather than meaning every account', async (_, call) => {
      const sender = make();
      await expect(call(sender)).rejects.toThrow(TypeError);
      expect((await sender.listEndpoints()).items).toEqual([]);
    });

    it('page through lists, newest first', async () => {
      const sender = make();
      const ids: string[] = [];
      for (let each = 0; each < 5; each += 1) ids.unshift((await endpoint(sender)).id);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await sender.listEndpoints({ limit: 2, ...(cursor && { cursor }) });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor);
      expect(seen).toEqual(ids);
    });
  });

  describe('in flight', () => {
    it('one endpoint has eight at most, and does not hold up the others', async () => {
      let open = 0;
      let most = 0;
      const waiting: (() => void)[] = [];
      answer = async ({ url: to }) => {
        if (!to.endsWith('/slow')) return answered(200);
        most = Math.max(most, ++open);
        await new Promise<void>((resolve) => waiting.push(resolve));
        open -= 1;
        return answered(200);
      };
      const sender = make();
      await endpoint(sender, { url: `${url}/slow` });
      await endpoint(sender);
      await sender.start();
      for (let each = 0; each < 40; each += 1) await sender.publish(event());
      await vi.waitFor(() =>
        expect(sent.filter(({ request }) => !request.url.endsWith('/slow'))).toHaveLength(40),
      );
      while (sent.length < 80) {
        waiting.splice(0).forEach((resolve) => resolve());
        await new Promise((resolve) => setImmediate(resolve));
      }
      waiting.forEach((resolve) => resolve());
      await sender.stop();
      expect(most).toBe(8);
    });

    it('what a disabled endpoint has waiting is held, and keeps nobody else', async () => {
      answer = () => answered(200);
      const sender = make();
      const { id } = await endpoint(sender, { accountId: 'acc_1' });
      await endpoint(sender, { accountId: 'acc_2', url: `${url}/other` });
      const low = (account: string) => sampleEvent('credits.low', { account_id: account });
      for (let each = 0; each < 1_100; each += 1) await sender.publish(low('acc_1'));
      await sender.disableEndpoint(id);
      clock.advance(1);
      await sender.publish(low('acc_2'));
      await sender.start();
      await vi.waitFor(() => expect(sent.map(({ request }) => request.url)).toEqual([`${url}/other`]));
      await sender.stop();
      const held = await sender.enableEndpoint(id, { release: true });
      expect(held.released).toBe(1_100);
    });

    it('retries are not starved by first attempts, nor these by retries', async () => {
      // A backlog of both kinds, one place: they take turns.
      const failing = new Set<string>();
      answer = ({ url: to }) => answered(failing.has(to) ? 500 : 200);
      const sender = make({ maxInFlight: 2, retryScheduleSeconds: [1, 1, 1, 1, 1] });
      failing.add(`${url}/down`);
      await endpoint(sender, { accountId: 'acc_1', url: `${url}/down` });
      await endpoint(sender, { accountId: 'acc_2', url: `${url}/well` });
      const low = (account: string) => sampleEvent('credits.low', { account_id: account });
      for (let each = 0; each < 20; each += 1) await sender.publish(low('acc_1'));
      await sender.start();
      await vi.waitFor(() => expect(sent).toHaveLength(20));
      await sender.stop();
      for (let each = 0; each < 20; each += 1) await sender.publish(low('acc_2'));
      clock.advance(1_000);
      sent = [];
      await sender.start();
      await vi.waitFor(() => expect(sent).toHaveLength(40));
      await sender.stop();
      const firstHalf = sent.slice(0, 20).filter(({ request }) => request.url.endsWith('/down'));
      expect(firstHalf.length).toBeGreaterThanOrEqual(8);
      expect(firstHalf.length).toBeLessThanOrEqual(12);
    });

    it('a retry comes on time although another endpoint has more due than it may have', async () => {
      answer = ({ url: to }) => (to.endsWith('/hangs') ? new Promise(() => undefined) : answered(500));
      const sender = make({ maxInFlightPerEndpoint: 1 });
      await endpoint(sender, { accountId: 'acc_1', url: `${url}/hangs` });
      await endpoint(sender, { accountId: 'acc_2', url: `${url}/down` });
      const low = (account: string) => sampleEvent('credits.low', { account_id: account });
      await sender.start();
      for (let each = 0; each < 3; each += 1) await sender.publish(low('acc_1'));
      await sender.publish(low('acc_2'));
      const down = () => times().filter((_, index) => sent[index]!.request.url.endsWith('/down'));
      await vi.waitFor(() => expect(down()).toEqual([0]));
      await new Promise((resolve) => setTimeout(resolve, 10));
      clock.advance(10_000);
      await vi.waitFor(() => expect(down()).toEqual([0, 10]));
      await sender.stop({ drainMs: 0 });
    });

    it('what stop breaks off is nobody’s failure: its outcome is unknown', async () => {
      let broken: () => void = () => undefined;
      const sender = make({
        retryScheduleSeconds: [],
        transport: {
          send: ({ body }) =>
            new TextDecoder().decode(body).includes('"event":"ping"')
              ? Promise.resolve(answered(200))
              : new Promise((resolve) => {
                  sent.push({ at: 0, request: {} as never, body: {} as never });
                  broken = () => resolve({ error: 'destroyed', timings: { totalMs: 0 } });
                }),
          close: async () => broken(),
        },
      });
      const { id } = await endpoint(sender);
      await sender.start();
      const { deliveries } = await sender.publish(event());
      await vi.waitFor(() => expect(sent).toHaveLength(1));
      await sender.stop({ drainMs: 0 });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await sender.getEndpoint(id)).toMatchObject({ status: 'enabled', lastError: null });
      await sender.start();
      await sender.stop();
      const { attempts } = (await sender.getDelivery(deliveries[0]!.id))!;
      expect(attempts.map(({ outcome }) => outcome)).toEqual(['unknown']);
      expect(onEndpointDisabled).not.toHaveBeenCalled();
    });

    it('start leaves alone what goes on already: a ping that is on its way', async () => {
      let end: () => void = () => undefined;
      const sender = make({
        transport: {
          send: () => new Promise((resolve) => (end = () => resolve(answered(200)))),
          close: async () => undefined,
        },
      });
      const saving = endpoint(sender);
      await vi.waitFor(async () => expect((await sender.listDeliveries()).items).toHaveLength(1));
      await sender.start();
      end();
      const { ping } = await saving;
      await sender.stop();
      const { delivery, attempts } = (await sender.getDelivery(ping.deliveryId))!;
      expect([ping.ok, delivery.status, attempts[0]!.outcome]).toEqual([true, 'succeeded', 'success']);
    });

    it('goes on where the transport throws, and onError too', async () => {
      const warnings: Error[] = [];
      const listen = (warning: Error) => warnings.push(warning);
      process.on('warning', listen);
      let broken = true;
      const sender = make({
        maxInFlight: 1,
        onError: () => Promise.reject(new Error('onError is broken too')),
        transport: {
          send: async () => {
            if (broken) throw new Error('bug');
            sent.push({ at: 0, request: {} as never, body: {} as never });
            return answered(200);
          },
          close: async () => undefined,
        },
      });
      await endpoint(sender);
      await sender.start();
      await sender.publish(event());
      await vi.waitFor(() => expect(warnings.length).toBeGreaterThanOrEqual(2));
      broken = false;
      await sender.publish(event());
      await vi.waitFor(() => expect(sent).toHaveLength(1));
      await sender.stop();
      process.off('warning', listen);
      expect(warnings.every(({ message }) => message === 'onError is broken too')).toBe(true);
    });

    it('start can be tried again after it failed', async () => {
      answer = () => answered(200);
      const expire = store.expire.bind(store);
      const sender = make();
      await endpoint(sender);
      await sender.publish(event());
      store.expire = () => Promise.reject(new Error('disk full'));
      await expect(sender.start()).rejects.toThrow('disk full');
      expect(sent).toEqual([]);
      store.expire = expire;
      await sender.start();
      await vi.waitFor(() => expect(sent).toHaveLength(1));
      await sender.stop();
    });

    it('stop waits for what is under way and begins nothing', async () => {
      let end: () => void = () => undefined;
      answer = () => new Promise((resolve) => (end = () => resolve(answered(200))));
      const sender = make();
      await endpoint(sender);
      await sender.start();
      const { deliveries } = await sender.publish(event());
      await vi.waitFor(() => expect(sent).toHaveLength(1));
      const stopped = sender.stop();
      await sender.publish(event());
      end();
      await stopped;
      expect(sent).toHaveLength(1);
      expect((await sender.getDelivery(deliveries[0]!.id))!.delivery.status).toBe('succeeded');
    });

    it('an attempt whose process was killed is shown as unknown, and the event is sent again', async () => {
      answer = () => new Promise(() => undefined);
      const killed = make();
      await endpoint(killed);
      await killed.start();
      const { deliveries } = await killed.publish(event());
      await vi.waitFor(() => expect(sent).toHaveLength(1));
      await killed.stop({ drainMs: 0 });

      answer = () => answered(200);
      const next = make();
      await next.start();
      await next.stop();
      await next.runUntilIdle();
      const { attempts, delivery } = (await next.getDelivery(deliveries[0]!.id))!;
      expect(attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
        ['unknown', 'outcome unknown; retry 1 of 5, after 10 s'],
        ['success', 'delivered'],
      ]);
      expect(delivery.status).toBe('succeeded');
      expect(times()).toEqual([0, 10]);
    });
  });
});
