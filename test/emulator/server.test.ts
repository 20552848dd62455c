/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-assignment */
// The server of the emulator: its control routes, and its protection against pages from elsewhere.
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { beforeEach, describe, expect, it } from 'vitest';
import { startEmulator, type Emulator } from '../../src/emulator/index.js';
import { listen, close } from '../support/http-server.js';
import { secret, trigger, useTarget } from '../support/emulator-target.js';

const { target, start } = useTarget();
let emulator: Emulator;
beforeEach(async () => {
  emulator = await start();
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly json: any;
}

/** Sends a request as given: `fetch` sets Host and forbids other headers that a browser sends. */
async function call(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const sent = httpRequest(`${emulator.url}${path}`, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(body !== undefined &&
        !('transfer-encoding' in headers) && { 'content-length': Buffer.byteLength(text) }),
      ...headers,
    },
    agent: false,
  });
  sent.end(body === undefined ? undefined : text);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const received = Buffer.concat(chunks).toString();
  const isJson = response.headers['content-type']?.startsWith('application/json');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    json: isJson ? JSON.parse(received) : received,
  };
}

describe('the control routes', () => {
  it('describe the emulator', async () => {
    expect((await call('GET', '/emulator')).json).toEqual({
      name: '@hostwares/webhooks',
      version: expect.any(String) as string,
      account_id: emulator.accountId,
      api_key: emulator.apiKey,
    });
  });

  it('publish an event of the emulator’s account', async () => {
    const { id } = await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    const body = { event: 'credits.low', data: { balance: 3 } };
    const { status, json } = await call('POST', '/emulator/events', { body });
    expect(status).toBe(201);
    expect(json).toMatchObject({ created: true, deliveries: [{ webhook_id: id, event: 'credits.low' }] });
    const [arrival] = await target.received(1);
    expect(JSON.parse(String(arrival!.body))).toMatchObject({
      ...body,
      id: json.event_id,
      account_id: emulator.accountId,
    });
  });

  it('publish a type that this version does not know, under its own name', async () => {
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    const body = { id: 'evt_1', event: 'later.thing', timestamp: '2026-01-31T08:00:00.000Z', data: { a: 1 } };
    expect((await call('POST', '/emulator/events', { body })).json.deliveries[0].event).toBe('later.thing');
    const [arrival] = await target.received(1);
    expect(JSON.parse(String(arrival!.body))).toEqual({ ...body, account_id: emulator.accountId });
    expect((await call('POST', '/emulator/events', { body })).json).toMatchObject({ created: false });
  });

  it('keep an account that the caller names: its events reach no endpoint of the emulator', async () => {
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    const body = { event: 'credits.low', account_id: 'acc_other', data: { balance: 3 } };
    expect((await call('POST', '/emulator/events', { body })).json.deliveries).toEqual([]);
  });

  it.each<[string, unknown, number, RegExp]>([
    ['/emulator/events', '{', 400, /^the body is not JSON$/],
    ['/emulator/events', [], 422, /^the body: expected object$/],
    ['/emulator/events', {}, 422, /^event: expected string$/],
    ['/emulator/events', { event: 7, data: {} }, 422, /^event: expected string$/],
    [
      '/emulator/events',
      { event: 'credits.low', data: { balance: 1 }, account: 'a' },
      422,
      /^account: not a field/,
    ],
    ['/emulator/events', { event: 'credits.low', data: 7 }, 422, /data/],
    ['/emulator/events', { event: 'credits.low', timestamp: 'now', data: {} }, 422, /timestamp/],
    ['/emulator/events', { event: 'ping', data: {} }, 422, /ping cannot be published/],
    [
      '/emulator/events',
      { event: 'credits.low', data: { note: 'x'.repeat(262_144) } },
      413,
      /more than the 262144/,
    ],
    ['/emulator/events', { event: 'x'.repeat(1_048_577), data: {} }, 413, /longer than 1048576 bytes/],
    ['/emulator/clock', { action: 'rewind' }, 422, /^action: expected one of pause, resume, jump, run$/],
    ['/emulator/clock', { action: 'constructor' }, 422, /^action: expected one of/],
    ['/emulator/clock', { action: 'pause', at: 1 }, 422, /^at: not a field/],
    ['/emulator/faults', { kind: 'slow' }, 422, /is not a kind of fault/],
    ['/emulator/faults', { kind: 'stale', count: 0 }, 422, /whole number from 1 to 1000/],
    ['/emulator/faults', { kind: 'stale', count: '1' }, 422, /^count: expected number$/],
    ['/emulator/other', {}, 404, /^there is no such route$/],
  ])('answer POST %s with %.40j by an error', async (path, body, status, error) => {
    const answer = await call('POST', path, { body });
    expect([answer.status, answer.json.error]).toEqual([status, expect.stringMatching(error)]);
  });

  it('control the clock', async () => {
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    target.status = (nth) => (nth <= 2 ? 500 : 200);
    const id = await trigger(emulator, 'credits.low');
    await emulator.waitForAttempt(id);
    const act = async (action: string) => (await call('POST', '/emulator/clock', { body: { action } })).json;
    const paused = await act('pause');
    expect(paused).toEqual({
      now: new Date(emulator.clock.now()).toISOString(),
      paused: true,
      next_retry_at: expect.any(String) as string,
    });
    expect((await act('jump')).now).toBe(paused.next_retry_at);
    expect(await act('run')).toMatchObject({ paused: true, next_retry_at: null });
    expect((await act('resume')).paused).toBe(false);
    expect((await call('GET', '/emulator/clock')).json.paused).toBe(false);
    expect((await emulator.sender.getDelivery(id))!.attempts).toHaveLength(3);
  });

  it('control faults, and list e-mails', async () => {
    const faults = { faults: [{ kind: 'stale', remaining: 2 }] };
    const added = await call('POST', '/emulator/faults', { body: { kind: 'stale', count: 2 } });
    expect([added.status, added.json]).toEqual([201, faults]);
    expect((await call('GET', '/emulator/faults')).json).toEqual(faults);
    expect((await call('DELETE', '/emulator/faults')).status).toBe(204);
    expect((await call('GET', '/emulator/faults')).json).toEqual({ faults: [] });
    expect((await call('GET', '/emulator/mails')).json).toEqual({ mails: [] });
  });

  it('send a message for each change of a delivery, until the client disconnects', async () => {
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    const aborting = new AbortController();
    const response = await fetch(`${emulator.url}/emulator/feed`, { signal: aborting.signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    const read = async (pattern: RegExp): Promise<void> => {
      while (!pattern.test(text)) text += (await reader.read()).value ?? '';
    };
    await read(/event: ready/);
    await trigger(emulator, 'credits.low');
    await read(/"status":"succeeded"/);
    const statuses = [...text.matchAll(/^data: .*"status":"(\w+)"/gm)].map(([, status]) => status);
    expect(statuses).toEqual(['scheduled', 'attempting', 'succeeded']);
    aborting.abort();
    await trigger(emulator, 'credits.low');
  });

  it('end a feed when the emulator stops', async () => {
    const response = await fetch(`${emulator.url}/emulator/feed`);
    await emulator.stop();
    expect(await response.text()).toContain('event: ready');
  });

  it('answer a jump that is pending when the emulator stops', async () => {
    await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    target.status = () => new Promise(() => undefined);
    await trigger(emulator, 'credits.low');
    const jump = call('POST', '/emulator/clock', { body: { action: 'jump' } });
    await target.received(1);
    await untilConnected();
    const startedMs = performance.now();
    await emulator.stop();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(await jump).toMatchObject({ status: 503, json: { error: 'the emulator is stopping' } });
  });

  async function untilConnected(): Promise<void> {
    // A second request is answered after the first one was read.
    await call('GET', '/emulator/clock');
  }

  it('accept a body without Content-Length, within the same limit', async () => {
    const chunked = (body: object) =>
      call('POST', '/emulator/faults', { headers: { 'transfer-encoding': 'chunked' }, body });
    expect((await chunked({ kind: 'stale' })).status).toBe(201);
    expect((await chunked({ kind: 'x'.repeat(1_048_577) })).status).toBe(413);
  });

  it.each(['TRACE', 'PUT', 'FOO'])('reject the method %s', async (method) => {
    expect(
      (await call(method, '/emulator/faults').catch(() => ({ status: 400 }))).status,
    ).toBeGreaterThanOrEqual(400);
    expect((await call('GET', '/emulator')).status).toBe(200);
  });

  it('serve the platform’s API with the key of the emulator', async () => {
    const headers = { authorization: `Bearer ${emulator.apiKey}` };
    const body = { url: target.url, events: ['*'] };
    expect((await call('POST', '/api/webhooks', { headers, body })).json).toMatchObject({
      ping: { ok: true },
    });
    const { data } = (await call('GET', '/api/webhooks', { headers })).json;
    expect(data).toHaveLength(1);
    expect((await call('DELETE', `/api/webhooks/${data[0].id}`, { headers })).status).toBe(204);
    expect((await call('GET', '/api/webhooks')).status).toBe(401);
    expect((await call('GET', '/api/other', { headers })).json.error).toBe('there is no such route');
  });
});

describe('targets', () => {
  const api = (method: string, path: string, body: unknown) =>
    call(method, `/api/webhooks${path}`, { headers: { authorization: `Bearer ${emulator.apiKey}` }, body });

  it.each([
    'http://192.168.1.20/',
    'http://example.com/',
    'http://localhost.example.com/',
    'http://0.0.0.0/',
  ])('rejects %s wherever it is saved', async (url) => {
    const expected = {
      code: 'invalid_url',
      message: expect.stringMatching(/is http: on another machine/) as string,
    };
    await expect(emulator.createEndpoint({ url, events: ['*'] })).rejects.toMatchObject(expected);
    await expect(emulator.sender.createEndpoint({ url, events: ['*'] })).rejects.toMatchObject(expected);
    expect(await api('POST', '', { url, events: ['*'] })).toMatchObject({ status: 422 });
    const { id } = await emulator.createEndpoint({ url: target.url, events: ['*'] });
    expect(await api('PATCH', `/${id}`, { url })).toMatchObject({ status: 422 });
    expect((await emulator.sender.getEndpoint(id))?.url).toBe(target.url);
    expect((await emulator.sender.listEndpoints()).items).toHaveLength(1);
  });

  it.each([
    'http://localhost:1/',
    'http://app.localhost:1/',
    'http://127.8.9.1:1/',
    'http://[::1]:1/',
    'https://127.0.0.1:1/',
  ])('accepts %s', async (url) => {
    expect((await emulator.createEndpoint({ url, events: ['*'] })).ping.ok).toBe(false);
  });

  it('accepts http: elsewhere with allowPrivateNetwork', async () => {
    const open = await start({ allowPrivateNetwork: true, attemptTimeoutMs: 50 });
    expect((await open.createEndpoint({ url: 'http://192.0.2.1/', events: ['*'] })).ping.ok).toBe(false);
  });
});

describe('the protection', () => {
  const json = { 'content-type': 'application/json' };
  const port = () => new URL(emulator.url).port;
  const publish = (headers: Record<string, string>) =>
    call('POST', '/emulator/events', { headers, body: { event: 'credits.low', data: { balance: 1 } } });
  async function expectNothing(answer: Promise<Answer>, status: number): Promise<void> {
    const received = await answer;
    expect(received.status).toBe(status);
    expect(JSON.stringify(received.json)).not.toContain(emulator.apiKey);
    expect((await emulator.sender.listDeliveries()).items).toEqual([]);
    expect(emulator.faults.list()).toEqual([]);
  }
  beforeEach(async () => {
    const { ping } = await emulator.createEndpoint({ url: target.url, events: ['*'], secret });
    expect(ping.ok).toBe(true);
    // Only the ping is stored.
    const { items } = await emulator.sender.listDeliveries({ event: 'credits.low' });
    expect(items).toEqual([]);
    await emulator.sender.deleteEndpoint((await emulator.sender.listEndpoints()).items[0]!.id);
    emulator = await start();
  });

  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.evil.example',
    '127.0.0.1.nip.io',
    'localhost.',
  ])('rejects the Host %j, as a page behind a rebound name has it', async (host) => {
    const name = /:\d+$|^127\.0\.0\.1$/.test(host) ? host : `${host}:${port()}`;
    for (const path of ['/', '/emulator', '/emulator/feed', '/api/webhooks'])
      await expectNothing(call('GET', path, { headers: { host: name } }), 403);
    await expectNothing(publish({ host: name }), 403);
  });

  it.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])('accepts the Host %s', async (name) => {
    expect((await call('GET', '/emulator', { headers: { host: `${name}:${port()}` } })).status).toBe(200);
  });

  it.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['the Origin of another port', { origin: 'http://127.0.0.1:1' }],
    ['the Origin null', { origin: 'null' }],
    ['an Origin of the same name over https:', { origin: 'https://127.0.0.1' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
    ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }],
    ['a forged navigation', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('rejects a change with %s', async (_, headers) => {
    await expectNothing(publish(headers), 403);
    await expectNothing(call('DELETE', '/emulator/faults', { headers }), 403);
    await expectNothing(call('OPTIONS', '/emulator/events', { headers }), 403);
  });

  it.each([
    ['a foreign Origin', { origin: 'https://evil.example' }],
    ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
  ])('rejects reading with %s', async (_, headers) => {
    for (const path of ['/emulator', '/emulator/feed', '/emulator/mails', '/api/webhooks'])
      await expectNothing(call('GET', path, { headers }), 403);
  });

  it('rejects a form of another site, and the bodies that forms can send', async () => {
    const body = '{"kind":"stale","x":"="}';
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const headers = { 'content-type': type };
      await expectNothing(
        call('POST', '/emulator/faults', { headers: { ...headers, origin: 'https://evil.example' }, body }),
        403,
      );
      // From a browser that sends no Origin.
      await expectNothing(call('POST', '/emulator/faults', { headers, body }), 415);
    }
    await expectNothing(call('POST', '/emulator/faults', { headers: { 'content-type': '' }, body }), 415);
  });

  it('accepts a link from elsewhere to the dashboard, a request of its own page, and other programs', async () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    // The dashboard redirects to its first page.
    expect((await call('GET', '/', { headers: link })).status).toBe(302);
    expect((await publish({ origin: emulator.url, 'sec-fetch-site': 'same-origin' })).status).toBe(201);
    expect((await publish(json)).status).toBe(201);
  });

  it('sends the headers of protection with every response', async () => {
    for (const path of ['/', '/emulator', '/emulator/none', '/api/webhooks']) {
      const { headers } = await call('GET', path);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'cache-control': 'no-store',
        'content-security-policy': expect.stringContaining("default-src 'none'") as string,
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});

describe('the port', () => {
  it('that is taken is named, with what to do', async () => {
    const taken = createServer();
    const port = Number(new URL(await listen(taken)).port);
    await expect(startEmulator({ port })).rejects.toThrow(
      `Port ${port} is taken by another process. Stop that process, or use port 0 for a free port (--port 0).`,
    );
    await close(taken);
    const second = await start({ port });
    expect(second.url).toBe(`http://127.0.0.1:${port}`);
  });
});
