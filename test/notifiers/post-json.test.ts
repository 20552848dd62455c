// One attempt to post, and how its failure is described.
import { describe, expect, it, vi } from 'vitest';
import { abortable, postJson, type FetchLike } from '../../src/notifiers/delivery/http.js';

const signal = new AbortController().signal;
const post = (fetch: FetchLike, own: AbortSignal = signal) =>
  postJson(fetch, 'https://hooks.example.com/', '{}', own);
const answering = (body: BodyInit | null, init: ResponseInit) => post(async () => new Response(body, init));
const failing = (error: unknown) =>
  // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
  post(() => Promise.reject(error));

describe('postJson', () => {
  it('resolves to undefined if the provider accepts the message', async () => {
    expect(await answering('ok', { status: 200 })).toBeUndefined();
    expect(await answering(null, { status: 204 })).toBeUndefined();
  });

  it.each([
    [302, 'permanent'],
    [400, 'permanent'],
    [429, 'rateLimited'],
    [499, 'permanent'],
    [500, 'transient'],
    [503, 'transient'],
  ])('describes a response with status %i as %s, with its text', async (status, kind) => {
    expect(await answering('reason', { status })).toEqual({ kind, status, answer: 'reason' });
  });

  it('describes a response without a body', async () => {
    expect(await answering(null, { status: 500 })).toEqual({ kind: 'transient', status: 500, answer: '' });
  });

  it('decodes a character whose bytes arrive in two parts', async () => {
    const bytes = new TextEncoder().encode('ü');
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect((await answering(body, { status: 500 }))?.answer).toBe('ü');
  });

  it('reads an answer of 16,384 bytes completely, and cuts a longer one before its end', async () => {
    const largest = await answering('x'.repeat(16_384), { status: 500 });
    expect(largest?.answer).toHaveLength(16_384);
    const longer = await answering('x'.repeat(16_385), { status: 500 });
    expect(longer?.answer).toHaveLength(16_385 - 512);
  });

  it('cuts the end of an answer that breaks off', async () => {
    let parts = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        parts += 1;
        if (parts === 1) controller.enqueue(new TextEncoder().encode('x'.repeat(600)));
        else controller.error(new Error('broken'));
      },
    });
    const failure = await answering(body, { status: 500 });
    expect(failure?.answer).toHaveLength(600 - 512);
  });

  it.each<[string, number]>([
    ['2', 2_000],
    ['2.25', 2_250],
    ['12', 12_000],
    ['12.345', 12_345],
    ['2, 3', 2_000],
    ['2 , 3', 2_000],
    ['2  ,3', 2_000],
    [' 2 ', 2_000],
    ['3601', 3_600_000],
    ['0', 0],
  ])('parses a Retry-After of %j as %i ms', async (value, expected) => {
    const failure = await answering('', { status: 429, headers: { 'retry-after': value } });
    expect(failure?.retryAfterMs).toBe(expected);
  });

  it.each(['soon', '2s', '2 3', '2.', '2.x', '2.5x', 'x2', 'Wed, soon', 'on Wed, 21 Oct 2015 07:28:00 GMT'])(
    'ignores a Retry-After of %j',
    async (value) => {
      const failure = await answering('', { status: 429, headers: { 'retry-after': value } });
      expect(failure).not.toHaveProperty('retryAfterMs');
    },
  );

  it.each<[string, Record<string, string>, number]>([
    ['{"retry_after":0}', { 'retry-after': '5' }, 0],
    ['{"retry_after":1.5}', { 'retry-after': '2' }, 1_500],
    ['{"retry_after":-1}', { 'retry-after': '2' }, 2_000],
    ['{"retry_after":"1"}', { 'retry-after': '2' }, 2_000],
    ['null', { 'retry-after': '2' }, 2_000],
    ['', { 'retry-after': '2', 'x-ratelimit-reset-after': '3' }, 2_000],
    ['', { 'retry-after': 'soon', 'x-ratelimit-reset-after': '3' }, 3_000],
    ['', { 'x-ratelimit-reset-after': '3.5' }, 3_500],
    ['', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT', 'x-ratelimit-reset-after': '3' }, 0],
  ])('parses the body %j with the headers %j as %i ms', async (body, headers, expected) => {
    const failure = await answering(body, { status: 429, headers });
    expect(failure?.retryAfterMs).toBe(expected);
  });

  it.each(['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'])(
    'parses a Retry-After that is a date on %s as the time until then',
    async (day) => {
      vi.useFakeTimers({ now: Date.parse('2026-01-31T08:00:00.500Z'), toFake: ['Date'] });
      const headers = { 'retry-after': `${day}, 31 Jan 2026 08:00:10 GMT` };
      const failure = await answering('', { status: 503, headers });
      vi.useRealTimers();
      expect(failure?.retryAfterMs).toBe(9_500);
    },
  );

  it.each([200, 500])('ignores X-RateLimit-Reset-After with the status %i', async (status) => {
    const failure = await answering('', { status, headers: { 'x-ratelimit-reset-after': '3' } });
    expect(failure ?? {}).not.toHaveProperty('retryAfterMs');
  });

  it('calls fetch once, with JSON and without following redirects', async () => {
    const fetch = vi.fn<FetchLike>(async () => new Response('ok'));
    await post(fetch);
    expect(fetch).toHaveBeenCalledExactlyOnceWith('https://hooks.example.com/', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
      redirect: 'manual',
      signal,
    });
  });

  it('cancels the part of an answer that it does not read, and ignores that this fails', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const cancel = vi.fn(() => Promise.reject(new Error('not now')));
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(new Uint8Array(10_000));
      },
      cancel,
    });
    await answering(body, { status: 500 });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('decides by the status if the signal fires while it reads the answer', async () => {
    const controller = new AbortController();
    const cancel = vi.fn();
    const body = new ReadableStream<Uint8Array>({ cancel });
    const failure = post(async () => new Response(body, { status: 500 }), controller.signal);
    await new Promise((resolve) => setImmediate(resolve));
    controller.abort(new Error('given up'));
    expect(await failure).toEqual({ kind: 'transient', status: 500, answer: '' });
    expect(cancel).toHaveBeenCalledTimes(1);
  });

  it('rejects with the reason of the signal if fetch rejects after it fired', async () => {
    const controller = new AbortController();
    const rejected = post(async () => {
      controller.abort(new Error('given up'));
      throw new Error('aborted by fetch');
    }, controller.signal);
    await expect(rejected).rejects.toThrow('given up');
  });

  it.each<[string, unknown, string]>([
    [
      'message and code',
      new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } }),
      'fetch failed: ECONNRESET',
    ],
    [
      'code rather than the message of its cause',
      new TypeError('failed', { cause: Object.assign(new Error('detail'), { code: 'EPIPE' }) }),
      'failed: EPIPE',
    ],
    [
      'message of its cause without a code',
      new TypeError('failed', { cause: new Error('detail') }),
      'failed: detail',
    ],
    ['message alone', new TypeError('failed'), 'failed'],
    ['code alone', { cause: { code: 'EPIPE' } }, 'EPIPE'],
    ['lack of a reason', undefined, 'no reason given'],
  ])('describes a broken connection by the %s', async (_, error, answer) => {
    expect(await failing(error)).toEqual({ kind: 'transient', answer });
  });

  it.each([undefined, null, {}, 'ok'])(
    'fails if fetch resolves to %j instead of a response',
    async (value) => {
      expect(await post(async () => value as never)).toEqual({
        kind: 'transient',
        answer: 'fetch did not return a Response',
      });
    },
  );

  it('does not call fetch, and rejects with the reason, if the signal has fired already', async () => {
    let calls = 0;
    const fetch = async () => {
      calls += 1;
      return new Response('ok');
    };
    await expect(post(fetch, AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
    expect(calls).toBe(0);
  });
});

describe('abortable', () => {
  it.each([
    ['resolves', async () => 'value'],
    ['rejects', () => Promise.reject(new Error('broken'))],
  ])('removes its listener from the signal if the promise %s', async (_, work) => {
    const own = new AbortController().signal;
    const added = vi.spyOn(own, 'addEventListener');
    const removed = vi.spyOn(own, 'removeEventListener');
    await abortable<unknown>(work(), own).catch(() => undefined);
    await new Promise((resolve) => setImmediate(resolve));
    expect(added).toHaveBeenCalledExactlyOnceWith('abort', expect.any(Function));
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });

  it('rejects with the reason if the signal has fired already', async () => {
    const never = new Promise<never>(() => undefined);
    await expect(abortable(never, AbortSignal.abort(new Error('given up')))).rejects.toThrow('given up');
  });

  it('rejects with the reason when the signal fires', async () => {
    const controller = new AbortController();
    const rejected = expect(abortable(new Promise(() => undefined), controller.signal)).rejects.toThrow(
      'given up',
    );
    controller.abort(new Error('given up'));
    await rejected;
  });
});
