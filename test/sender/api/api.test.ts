// The routes of contract section 1, called as a customer's program calls them. Responses are untyped JSON.
/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment,
   @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-call */
import { beforeEach, describe, expect, it } from 'vitest';
import {
  createSender,
  createSenderApi,
  type AttemptResult,
  type Sender,
  type SenderApi,
} from '../../../src/sender/index.js';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { createVirtualClock, sampleEvent } from '../../../src/testing/index.js';
import { stores } from '../../support/sender-stores.js';

const key = 'key_of_account_one_0001';
const otherKey = 'key_of_account_two_0002';
const url = 'https://93.184.215.14/hook';
const secret = 'whsec_of_the_api_test';

interface ApiResponse {
  status: number;
  headers: Headers;
  text: string;
  json: any;
}

describe.each(stores)('the API on the $name store', ({ open }) => {
  let clock: ReturnType<typeof createVirtualClock>;
  let sender: Sender;
  let api: SenderApi;
  let store: SenderStore;
  let answered: AttemptResult;
  let errors: unknown[];

  beforeEach(() => {
    clock = createVirtualClock();
    store = open();
    errors = [];
    answered = { status: 200, responseBody: 'ok', responseHeaders: {}, timings: { totalMs: 1 } };
    sender = createSender({
      store,
      clock,
      transport: { send: async () => answered, close: async () => undefined },
    });
    api = createSenderApi(sender, {
      apiKeys: { [key]: 'acc_1', [otherKey]: 'acc_2' },
      onError: (error) => errors.push(error),
    });
    return () => store.close();
  });

  async function call(
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<ApiResponse> {
    const init: RequestInit = { method, headers: { authorization: `Bearer ${key}`, ...more } };
    if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body);
    const response = await api.fetch(new Request(`https://hostwares.com/api/webhooks${path}`, init));
    const text = await response.text();
    expect(response.headers.get('content-type') ?? '').toMatch(text === '' ? /^$/ : /^application\/json/);
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text === '' ? undefined : JSON.parse(text),
    };
  }
  const create = async (more: object = {}) =>
    (await call('POST', '', { url, events: ['*'], secret, ...more })).json;

  it('creates and pings an endpoint, and does not return the given secret', async () => {
    const { status, json, headers } = await call('POST', '', { url, events: ['deployment.started'], secret });
    expect(status).toBe(201);
    expect(json).toEqual({
      id: expect.stringMatching(/^wh_/),
      url,
      events: ['deployment.started'],
      status: 'enabled',
      disabled_reason: null,
      disabled_at: null,
      failing_since: null,
      last_error: null,
      created_at: '2026-01-31T08:00:00.000Z',
      ping: { ok: true, delivery_id: expect.stringMatching(/^dlv_/), status: 200, error: null },
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect((await call('GET', `/${json.id}`)).text).not.toContain('whsec');
  });

  it('generates a secret if none is given, and returns it only once', async () => {
    const made = await create({ secret: undefined });
    expect(made.secret).toMatch(/^whsec_[\w-]{43}$/);
    expect((await call('GET', '')).text).not.toContain('whsec');
    const rotated = (await call('POST', `/${made.id}/rotate`)).json;
    expect(rotated).toEqual({ id: made.id, secret: expect.stringMatching(/^whsec_[\w-]{43}$/) });
    expect((await call('POST', `/${made.id}/rotate`, { secret })).json).toEqual({ id: made.id });
  });

  it('updates, returns, lists and deletes an endpoint', async () => {
    const { id } = await create();
    const changed = await call('PATCH', `/${id}`, { url: `${url}/new`, events: ['ssl.issued'] });
    expect(changed.json).toMatchObject({ id, url: `${url}/new`, events: ['ssl.issued'] });
    expect((await call('GET', `/${id}`)).json).toEqual(changed.json);
    expect((await call('GET', '')).json).toEqual({ data: [changed.json], next_cursor: null });
    expect(await call('DELETE', `/${id}`)).toMatchObject({ status: 204, text: '' });
    expect((await call('GET', `/${id}`)).status).toBe(404);
    expect((await call('DELETE', `/${id}`)).status).toBe(404);
  });

  it('lists endpoints in pages, newest first', async () => {
    const ids: string[] = [];
    for (let each = 0; each < 5; each += 1) ids.unshift((await create()).id);
    const seen: string[] = [];
    let path = '?limit=2';
    while (path !== '') {
      const { data, next_cursor: next } = (await call('GET', path)).json;
      seen.push(...data.map(({ id }: { id: string }) => id));
      path = next === null ? '' : `?limit=2&cursor=${next}`;
    }
    expect(seen).toEqual(ids);
  });

  it('returns deliveries with all attempts, redelivers, and enables an endpoint with release', async () => {
    const { id } = await create();
    answered = {
      address: '93.184.215.14:443',
      status: 500,
      responseHeaders: { 'x-a': 'b' },
      responseBody: 'no',
      timings: { connectMs: 2, totalMs: 3 },
      note: 'sent late',
    };
    const event = sampleEvent('credits.low', { account_id: 'acc_1' });
    await sender.publish(event);
    await sender.runUntilIdle();
    const { data } = (await call('GET', `/${id}/deliveries?status=failed&event=credits.low`)).json;
    expect(data).toHaveLength(1);
    const listOf = async (eventId: string) =>
      (await call('GET', `/${id}/deliveries?event_id=${eventId}`)).json.data;
    expect(await listOf(event.id)).toEqual(data);
    expect(await listOf('evt_other')).toEqual([]);
    const details = (await call('GET', `/deliveries/${data[0].id}`)).json;
    expect(details).toMatchObject({ ...data[0], kind: 'automatic', status: 'failed', attempts: 6 });
    expect(JSON.parse(details.request_body)).toEqual(event);
    expect(details.attempt_log).toHaveLength(6);
    expect(details.attempt_log[0]).toEqual({
      number: 1,
      url,
      started_at: '2026-01-31T08:00:00.000Z',
      ended_at: '2026-01-31T08:00:00.000Z',
      outcome: 'failure',
      address: '93.184.215.14:443',
      timings_ms: { dns: null, connect: 2, tls: null, wait: null, body: null, total: 3 },
      request_headers: expect.objectContaining({
        'x-hostwares-signature': expect.stringMatching(/^sha256=/),
      }),
      status: 500,
      response_headers: { 'x-a': 'b' },
      response_body: 'no',
      error: null,
      note: 'sent late',
      next_attempt_at: '2026-01-31T08:00:10.000Z',
      reason: 'retry 1 of 5, after 10 s',
    });
    expect((await call('GET', `/${id}`)).json).toMatchObject({
      status: 'disabled',
      disabled_reason: 'failures',
    });
    const redelivered = await call('POST', `/deliveries/${data[0].id}/redeliver`);
    expect(redelivered).toMatchObject({
      status: 201,
      json: { kind: 'manual', status: 'held', event_id: data[0].event_id },
    });
    expect((await call('POST', `/${id}/enable`, { release: true })).json).toMatchObject({
      status: 'enabled',
      released: 1,
    });
    expect((await call('POST', `/${id}/ping`)).json).toMatchObject({ ok: false, status: 500 });
  });

  describe('API keys', () => {
    it.each([
      ['no key', ''],
      ['another scheme', `Basic ${key}`],
      ['a wrong key', 'Bearer wrong'],
      ['a part of a key', `Bearer ${key.slice(0, -1)}`],
      ['a key followed by other text', `Bearer ${key} x`],
      ['the name of an object property', 'Bearer __proto__'],
    ])('are required: a request with %s gets a 401', async (_, authorization) => {
      const rejected = await call('GET', '', undefined, { authorization });
      expect(rejected).toMatchObject({
        status: 401,
        json: { error: expect.stringContaining('Bearer <API key>') },
      });
      expect(rejected.headers.get('www-authenticate')).toBe('Bearer');
    });

    it('give no access to endpoints of other accounts, or to endpoints without an account', async () => {
      const { id } = await create();
      const { id: platform } = await sender.createEndpoint({ url, events: ['*'], secret });
      await sender.publish(sampleEvent('credits.low', { account_id: 'acc_1' }));
      const deliveries = (await sender.listDeliveries({ limit: 100 })).items;
      const other = { authorization: `Bearer ${otherKey}` };
      expect((await call('GET', '', undefined, other)).json.data).toEqual([]);
      for (const each of [id, platform, 'wh_nonsense']) {
        const responses = [
          await call('GET', `/${each}`, undefined, other),
          await call('PATCH', `/${each}`, { url }, other),
          await call('DELETE', `/${each}`, undefined, other),
          await call('POST', `/${each}/ping`, undefined, other),
          await call('POST', `/${each}/enable`, undefined, other),
          await call('POST', `/${each}/rotate`, undefined, other),
          await call('GET', `/${each}/deliveries`, undefined, other),
        ];
        for (const { status, text } of responses)
          expect([status, text]).toEqual([404, '{"error":"there is no such webhook"}']);
      }
      for (const each of [...deliveries.map((delivery) => delivery.id), 'dlv_nonsense']) {
        const responses = [
          await call('GET', `/deliveries/${each}`, undefined, other),
          await call('POST', `/deliveries/${each}/redeliver`, undefined, other),
        ];
        for (const { status, text } of responses)
          expect([status, text]).toEqual([404, '{"error":"there is no such delivery"}']);
      }
      expect((await call('GET', `/${platform}`)).status).toBe(404);
      expect((await sender.listDeliveries({ limit: 100 })).items).toHaveLength(deliveries.length);
    });

    it.each([{}, { short: 'acc_1' }, { [key]: '' }, { 'a key with spaces in it': 'acc_1' }])(
      'throw a TypeError if they are %j',
      (apiKeys) => {
        expect(() => createSenderApi(sender, { apiKeys })).toThrow(TypeError);
      },
    );
  });

  describe('a request', () => {
    it.each([
      ['{', 400, 'the body is not JSON'],
      ['[]', 422, 'the body: expected object'],
      ['{"events":["*"]}', 422, 'url: expected string'],
      [{ url: 7, events: ['*'] }, 422, 'url: expected string'],
      [{ url, events: '*' }, 422, 'events: expected array'],
      [{ url, events: [1] }, 422, 'events.0: expected string'],
      [
        { url, events: [] },
        422,
        'events: The list of events is empty. Name at least one event type, or * for all.',
      ],
      [
        { url, events: ['site.paused'] },
        422,
        /^events: "site.paused" is not an event type. Known: deployment.started/,
      ],
      [{ url: 'http://example.com', events: ['*'] }, 422, /^url: The endpoint's URL must begin with https:/],
      [{ url: 'https://127.0.0.1/', events: ['*'] }, 422, /^url: .* not public/],
      [{ url, events: ['*'], secret: 'short' }, 422, 'secret: The secret must have at least 16 characters.'],
      [{ url, events: ['*'], status: 'enabled' }, 422, 'status: not a field of this call'],
      [
        '{"url":"https://93.184.215.14/","events":["*"],"__proto__":{"a":1}}',
        422,
        '__proto__: not a field of this call',
      ],
    ])('with the body %j is rejected with %s', async (body, status, error) => {
      const rejected = await call('POST', '', body);
      expect(rejected.status).toBe(status);
      expect(rejected.json).toEqual({
        error: typeof error === 'string' ? error : expect.stringMatching(error),
      });
      expect((await call('GET', '')).json.data).toEqual([]);
    });

    it.each(['limit=0', 'limit=101', 'limit=1e1', 'limit=-1', 'cursor=abc', 'cursor=1;drop', 'cursor='])(
      'for a list with %s is rejected with 422',
      async (query) => {
        const rejected = await call('GET', `?${query}`);
        expect(rejected.status).toBe(422);
        expect(rejected.json.error).toMatch(new RegExp(query.split('=')[0]!));
      },
    );

    it('with an unknown status, a body that is too long, or an unknown route is rejected', async () => {
      const { id } = await create();
      expect((await call('GET', `/${id}/deliveries?status=lost`)).json.error).toMatch(
        /^status: expected one of/,
      );
      const long = await call('POST', '', {
        url: `https://example.com/${'x'.repeat(70_000)}`,
        events: ['*'],
      });
      expect(long).toMatchObject({ status: 413, json: { error: 'the body is longer than 65536 bytes' } });
      expect(await call('PUT', `/${id}`)).toMatchObject({
        status: 404,
        json: { error: 'there is no such route' },
      });
    });

    it('gets a 500 without details if the store fails, and onError gets the error', async () => {
      store.getEndpoint = () => Promise.reject(new Error('disk of /var/lib is full'));
      expect(await call('GET', '/wh_1')).toMatchObject({ status: 500, json: { error: 'internal error' } });
      expect(errors).toEqual([new Error('disk of /var/lib is full')]);
    });
  });

  describe('Idempotency-Key', () => {
    const idempotent = { 'idempotency-key': 'once' };
    const body = { url, events: ['*'] };

    it('makes a retry return the first response', async () => {
      const first = await call('POST', '', body, idempotent);
      const second = await call('POST', '', body, idempotent);
      expect(second).toMatchObject({ status: 201, json: first.json });
      expect([first, second].map(({ headers }) => headers.get('idempotency-replayed'))).toEqual([
        null,
        'true',
      ]);
      expect((await call('GET', '')).json.data).toHaveLength(1);
    });

    it('is valid for one call of one account within 24 hours', async () => {
      await call('POST', '', body, idempotent);
      const other = await call('POST', '', { ...body, events: ['ssl.issued'] }, idempotent);
      expect(other).toMatchObject({
        status: 422,
        json: { error: 'Idempotency-Key: was used for another call' },
      });
      const theirs = await call('POST', '', body, { ...idempotent, authorization: `Bearer ${otherKey}` });
      expect(theirs.headers.get('idempotency-replayed')).toBeNull();
      clock.advance(24 * 3_600_000 + 1);
      expect((await call('POST', '', body, idempotent)).headers.get('idempotency-replayed')).toBeNull();
      expect((await call('GET', '')).json.data).toHaveLength(2);
    });

    it('is rejected with 409 while the first call is in progress', async () => {
      const [first, second] = await Promise.all([
        call('POST', '', body, idempotent),
        call('POST', '', body, idempotent),
      ]);
      expect([first.status, second.status].sort()).toEqual([201, 409]);
      expect((await call('GET', '')).json.data).toHaveLength(1);
    });

    it('can be used again after a call that was rejected', async () => {
      expect((await call('POST', '', { ...body, secret: 'short' }, idempotent)).status).toBe(422);
      expect((await call('POST', '', body, idempotent)).status).toBe(201);
    });

    it('is rejected with 422 beyond 255 characters', async () => {
      const rejected = await call('POST', '', body, { 'idempotency-key': 'x'.repeat(256) });
      expect(rejected).toMatchObject({
        status: 422,
        json: { error: expect.stringMatching(/^Idempotency-Key: /) },
      });
    });
  });
});
