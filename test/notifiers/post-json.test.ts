// One attempt to post, and how its failure is described.
import { describe, expect, it } from 'vitest';
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
    ['2 , 3', 2_000],
    [' 2 ', 2_000],
    ['3601', 3_600_000],
    ['0', 0],
  ])('parses a Retry-After of %j as %i ms', async (value, expected) => {
    const failure = await answering('', { status: 429, headers: { 'retry-after': value } });
    expect(failure?.retryAfterMs).toBe(expected);
  });

  it.each(['soon', '2s', '2 3', 'on Wed, 21 Oct 2015 07:28:00 GMT'])(
    'ignores a Retry-After of %j',
    async (value) => {
      const failure = await answering('', { status: 429, headers: { 'retry-after': value } });
      expect(failure).not.toHaveProperty('retryAfterMs');
    },
  );

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
