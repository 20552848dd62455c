// The limits of an account (endpoints, quotas, idempotency keys, sizes), and the details that responses omit.
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment,
   @typescript-eslint/no-unsafe-argument */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createSender,
  createSenderApi,
  type AttemptResult,
  type Sender,
  type SenderApi,
  type SenderApiLimits,
} from '../../../src/sender/index.js';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { createVirtualClock } from '../../../src/testing/index.js';
import { stores } from '../../support/sender-stores.js';

const key = 'key_of_account_one_0001';
const otherKey = 'key_of_account_two_0002';
const url = 'https://93.184.215.14/hook';
const secret = 'whsec_of_the_api_test';

interface Reply {
  status: number;
  headers: Headers;
  json: any;
}

describe.each(stores)('limits of the API on the $name store', ({ open }) => {
  let clock: ReturnType<typeof createVirtualClock>;
  let sender: Sender;
  let api: SenderApi;
  let store: SenderStore;
  let respond: () => AttemptResult | Promise<AttemptResult>;
  let sent: number;
  let errors: unknown[];

  beforeEach(() => {
    clock = createVirtualClock();
    store = open();
    respond = () => ({ status: 200, timings: { totalMs: 1 } });
    sent = 0;
    errors = [];
    sender = createSender({
      store,
      clock,
      transport: {
        send: async () => {
          sent += 1;
          return respond();
        },
        close: async () => undefined,
      },
      onError: (error) => errors.push(error),
    });
    serve();
    return () => store.close();
  });

  function serve(limits?: SenderApiLimits): void {
    api = createSenderApi(sender, {
      apiKeys: { [key]: 'acc_1', [otherKey]: 'acc_2' },
      onError: (error) => errors.push(error),
      ...(limits && { limits }),
    });
  }
  async function call(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const response = await api.fetch(
      new Request(`https://hostwares.com/api/webhooks${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      json: text === '' ? undefined : JSON.parse(text),
    };
  }
  const create = (headers?: Record<string, string>) =>
    call('POST', '', { url, events: ['*'], secret }, headers);
  const statuses = (replies: readonly Reply[]) => {
    const counts: Record<number, number> = {};
    for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
    return counts;
  };
  const times = <Value>(count: number, of: (each: number) => Promise<Value>) =>
    Promise.all(Array.from({ length: count }, (_, each) => of(each)));

  it('allow 100 endpoints, and answer 422 to more, even if the calls arrive together', async () => {
    expect(statuses(await times(110, () => create()))).toEqual({ 201: 100, 422: 10 });
    expect((await create()).json.error).toMatch(/^The account has 100 endpoints/);
    expect((await create({ authorization: `Bearer ${otherKey}` })).status).toBe(201);
    const [{ id }] = (await call('GET', '')).json.data;
    await call('DELETE', `/${id}`);
    expect((await create()).status).toBe(201);
  });

  it('answer 429 with Retry-After and RateLimit headers beyond the requests per minute', async () => {
    serve({ requestsPerMinute: 60 });
    const first = await call('GET', '');
    expect(first.headers.get('ratelimit-policy')).toBe('"requests";q=60;w=60');
    expect(first.headers.get('ratelimit')).toBe('"requests";r=59;t=1');
    expect(first.headers.get('retry-after')).toBeNull();
    await times(59, () => call('GET', ''));
    const limited = await call('GET', '');
    expect(limited.status).toBe(429);
    expect(limited.json).toEqual({ error: 'too many requests: retry after 1 s' });
    expect(limited.headers.get('retry-after')).toBe('1');
    expect(limited.headers.get('ratelimit')).toBe('"requests";r=0;t=60');
    expect((await call('GET', '', undefined, { authorization: `Bearer ${otherKey}` })).status).toBe(200);
    clock.advance(1_000);
    expect(statuses(await times(2, () => call('GET', '')))).toEqual({ 200: 1, 429: 1 });
    clock.advance(3_600_000);
    expect(statuses(await times(70, () => call('GET', '')))).toEqual({ 200: 60, 429: 10 });
  });

  it('count pings, including those of new endpoints, and redeliveries separately', async () => {
    serve({ pingsPerMinute: 3, redeliveriesPerMinute: 2 });
    const { json } = await create();
    expect((await call('POST', `/${json.id}/ping`)).status).toBe(200);
    const last = await call('POST', `/${json.id}/ping`);
    expect(last.headers.get('ratelimit')).toBe('"requests";r=597;t=1, "pings";r=0;t=60');
    const limited = [await call('POST', `/${json.id}/ping`), await create()];
    expect(limited.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
      [429, '20'],
      [429, '20'],
    ]);
    const redeliver = () => call('POST', `/deliveries/${json.ping.delivery_id}/redeliver`);
    expect(statuses([await redeliver(), await redeliver(), await redeliver()])).toEqual({ 201: 2, 429: 1 });
    expect(sent).toBe(3);
  });

  it('allow one ping of an endpoint at a time: calls during a ping get its result', async () => {
    const { json } = await create();
    let finish = (): void => undefined;
    respond = () =>
      new Promise((resolve) => {
        finish = () => {
          resolve({ status: 200, timings: { totalMs: 1 } });
        };
      });
    sent = 0;
    const calls = times(50, () => call('POST', `/${json.id}/ping`));
    await vi.waitFor(() => expect(sent).toBe(1));
    finish();
    const replies = await calls;
    expect(statuses(replies)).toEqual({ 200: 50 });
    expect(new Set(replies.map((reply) => reply.json.delivery_id)).size).toBe(1);
    expect(sent).toBe(1);
    respond = () => ({ status: 200, timings: { totalMs: 1 } });
    expect((await call('POST', `/${json.id}/ping`)).status).toBe(200);
  });

  it('keep the reason for a missing response out of the result of a ping; the attempt log has it', async () => {
    const reasons = [
      'connect ECONNREFUSED 93.184.215.14:443',
      'no answer within 15 s',
      'getaddrinfo ENOTFOUND',
    ];
    const replies = [];
    for (const error of reasons) {
      respond = () => ({ error, address: '93.184.215.14:443', timings: { connectMs: 3, totalMs: 3 } });
      replies.push((await create()).json.ping);
    }
    expect(new Set(replies.map(({ delivery_id: _, ...rest }) => JSON.stringify(rest))).size).toBe(1);
    expect(JSON.stringify(replies)).not.toMatch(/ECONN|93\.184|answer within|ENOTFOUND|timing/);
    const log = (await call('GET', `/deliveries/${replies[0].delivery_id}`)).json.attempt_log;
    expect(log[0].error).toBe(reasons[0]);
    const other = { authorization: `Bearer ${otherKey}` };
    expect((await call('GET', `/deliveries/${replies[0].delivery_id}`, undefined, other)).status).toBe(404);
    respond = () => ({
      status: 401,
      responseBody: '{"error":"signature_mismatch"}',
      timings: { totalMs: 1 },
    });
    expect((await create()).json.ping.error).toBe('HTTP 401: {"error":"signature_mismatch"}');
    respond = () => ({ status: 200, error: 'other side closed 10.0.0.1', timings: { totalMs: 1 } });
    expect((await create()).json.ping.error).toBe('HTTP 200: an incomplete response');
  });

  it('leave `cache-control: no-store` on every response, rejections included', async () => {
    serve({ requestsPerMinute: 7 });
    const { id } = (await create()).json;
    const replies = [
      await call('GET', `/${id}`),
      await call('GET', '/wh_none'),
      await call('PUT', `/${id}`),
      await call('POST', '', { url }),
      await call('GET', '', undefined, { authorization: 'Bearer wrong' }),
      await call('DELETE', `/${id}`),
    ];
    const outside = await api.fetch(new Request('https://hostwares.com/other'));
    store.listEndpoints = () => Promise.reject(new Error('disk'));
    const failed = await call('GET', '');
    const limited = await call('GET', '');
    const all = [...replies, failed, limited];
    expect(all.map(({ status }) => status)).toEqual([200, 404, 404, 422, 401, 204, 500, 429]);
    for (const { headers } of [...all, outside]) expect(headers.get('cache-control')).toBe('no-store');
  });

  describe('an idempotency key', () => {
    const once = { 'idempotency-key': 'k1' };
    const noSecret = (headers = once) => call('POST', '', { url, events: ['*'] }, headers);
    const count = async () => (await call('GET', '')).json.data.length;

    it('whose response was not stored lets a retry after five minutes return the same endpoint and secret', async () => {
      const storeResponse = store.storeResponse.bind(store);
      store.storeResponse = () => Promise.reject(new Error('disk full'));
      const first = await noSecret();
      expect(first.status).toBe(201);
      expect(errors).toEqual([new Error('disk full')]);
      store.storeResponse = storeResponse;
      expect((await noSecret()).status).toBe(409);
      clock.advance(300_001);
      const retry = await noSecret();
      expect([retry.status, retry.json.id, retry.json.secret]).toEqual([
        201,
        first.json.id,
        first.json.secret,
      ]);
      expect(await count()).toBe(1);
      expect((await noSecret()).headers.get('idempotency-replayed')).toBe('true');
    });

    it('of a call that failed after it created an endpoint lets a retry find that endpoint at once', async () => {
      const insertDelivery = store.insertDelivery.bind(store);
      store.insertDelivery = () => Promise.reject(new Error('disk full'));
      expect((await noSecret()).status).toBe(500);
      store.insertDelivery = insertDelivery;
      const retry = await noSecret();
      expect(retry.status).toBe(201);
      expect(retry.json.secret).toMatch(/^whsec_/);
      expect(await count()).toBe(1);
    });

    it('of a redelivery whose response was not stored lets a retry find that redelivery', async () => {
      const { json } = await create();
      const storeResponse = store.storeResponse.bind(store);
      store.storeResponse = () => Promise.reject(new Error('disk full'));
      const redeliver = () => call('POST', `/deliveries/${json.ping.delivery_id}/redeliver`, {}, once);
      const first = await redeliver();
      store.storeResponse = storeResponse;
      clock.advance(300_001);
      expect((await redeliver()).json.id).toBe(first.json.id);
      expect((await sender.listDeliveries()).items).toHaveLength(2);
    });

    it('is rejected with 429 beyond `idempotencyKeys` within 24 hours', async () => {
      serve({ idempotencyKeys: 2 });
      const replies = [];
      for (const each of ['a', 'b', 'c']) replies.push(await noSecret({ 'idempotency-key': each }));
      expect(replies.map(({ status }) => status)).toEqual([201, 201, 429]);
      expect(replies[2]!.headers.get('retry-after')).toBe('3600');
      expect((await noSecret({ 'idempotency-key': 'a' })).status).toBe(201);
      expect(await count()).toBe(2);
    });
  });

  describe('on sizes', () => {
    const long = 'x'.repeat(60_000);
    it.each([
      ['a url', { url: `${url}/${long}`, events: ['*'] }, /^url: .* more than the 2048 allowed/],
      [
        'a url that grows when it is normalized',
        { url: `${url}/${'é'.repeat(1_000)}`, events: ['*'] },
        /2048/,
      ],
      ['a secret', { url, events: ['*'], secret: long }, /^secret: .* more than the 1024 allowed/],
      ['the name of an event', { url, events: [long] }, /^events: "x{80}…" is not an event type/],
      ['the name of a field', { url, events: ['*'], [long]: 1 }, /^x{80}…: not a field/],
    ])('reject %s beyond its maximum with a truncated quote', async (_, body, message) => {
      const { status, json } = await call('POST', '', body);
      expect(status).toBe(422);
      expect(json.error).toMatch(message);
      expect(json.error.length).toBeLessThan(500);
    });

    it('bound ids, accounts, types and secrets in calls of the sender', async () => {
      const { id } = (await create()).json;
      const event = {
        event: 'site.deleted',
        account_id: 'a',
        data: { site_id: 's', site_name: 'x' },
      } as const;
      const rejected = [
        { ...event, id: 'x'.repeat(256) },
        { ...event, account_id: 'x'.repeat(256) },
        { event: 'unknown', type: 'x'.repeat(256), account_id: 'a', data: {} } as const,
      ];
      for (const each of rejected) {
        const error = await sender.publish(each).catch((caught: unknown) => caught as Error);
        expect(error).toMatchObject({
          code: 'invalid_event',
          message: expect.stringMatching(/256 characters/),
        });
      }
      await expect(sender.publish({ ...event, id: 'x'.repeat(255) })).resolves.toMatchObject({
        created: true,
      });
      await expect(sender.createEndpoint({ url, events: ['*'], accountId: 'x'.repeat(256) })).rejects.toThrow(
        TypeError,
      );
      await expect(sender.rotateSecret(id, { secret: long })).rejects.toMatchObject({
        code: 'invalid_secret',
      });
      await expect(sender.updateEndpoint(id, { url: `${url}/${long}` })).rejects.toMatchObject({
        code: 'invalid_url',
      });
      const missing = await sender.redeliver(long).catch((caught: unknown) => caught as Error);
      expect((missing as Error).message.length).toBeLessThan(200);
      expect(() => createSenderApi(sender, { apiKeys: { [key]: 'x'.repeat(256) } })).toThrow(TypeError);
    });
  });

  it.each([{ endpoints: 0 }, { requestsPerMinute: 1.5 }, { pings: 1 } as never])(
    'throw a TypeError if they are %j',
    (limits) => {
      expect(() => {
        serve(limits);
      }).toThrow(TypeError);
    },
  );
});
