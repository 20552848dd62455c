import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import {
  createReceiver,
  signPayload,
  WebhookError,
  type ReceiveInput,
  type Receiver,
  type ReceiverOptions,
  type WebhookEvent,
} from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_receiver';

async function inputFor(
  event: WebhookEvent | string,
  more: Partial<ReceiveInput> = {},
): Promise<ReceiveInput> {
  const request = await createSignedRequest(event, { secret });
  return { method: 'POST', headers: request.headers, body: await request.arrayBuffer(), ...more };
}

describe('handlers', () => {
  it('run in order of registration, each after its predecessor has ended', async () => {
    const log: string[] = [];
    const step = (name: string) => async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
    };
    const receiver = createReceiver({ secret })
      .onAny(step('any'))
      .on('ping', step('ping'))
      .onUnknown(step('unknown'))
      .on(['ping', 'site.created'], step('list'))
      .on('site.created', step('other'));
    expect(await receiver.receive(await inputFor('ping'))).toMatchObject({ status: 200 });
    expect(log).toEqual(['any begins', 'any ends', 'ping begins', 'ping ends', 'list begins', 'list ends']);
  });

  it('run once for a type that a list names twice', async () => {
    const handler = vi.fn();
    const receiver = createReceiver({ secret }).on(['ping', 'ping'], handler);
    await receiver.receive(await inputFor('ping'));
    expect(handler).toHaveBeenCalledOnce();
  });

  it('all run even if one fails; the response is 500 and onError gets each cause', async () => {
    const seen: unknown[] = [];
    const last = vi.fn();
    const receiver = createReceiver({ secret })
      .onAny(() => {
        throw new Error('first');
      })
      .onAny(() => Promise.reject(new Error('second')))
      .onAny(last)
      .onError((error, event) => {
        seen.push([error.code, (error.cause as Error).message, event.event]);
      });
    const result = await receiver.receive(await inputFor('ping'));
    expect(result).toMatchObject({
      status: 500,
      body: '{"error":"handler_failed"}',
      event: { event: 'ping' },
    });
    expect(last).toHaveBeenCalledOnce();
    expect(seen).toEqual([
      ['handler_failed', 'first', 'ping'],
      ['handler_failed', 'second', 'ping'],
    ]);
  });

  it('may throw any value, and so may onError', async () => {
    const receiver = createReceiver({ secret })
      .onAny(() => Promise.reject(undefined as unknown as Error))
      .onError(() => Promise.reject(new Error('logging is down')));
    expect(await receiver.receive(await inputFor('ping'))).toMatchObject({ status: 500 });
  });

  it('are optional: an event without a handler is acknowledged', async () => {
    expect(await createReceiver({ secret }).receive(await inputFor('site.deleted'))).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', 'content-length': '17' },
      body: '{"received":true}',
      event: expect.objectContaining({ event: 'site.deleted' }) as unknown,
    });
  });

  it('cannot be registered in production after the first request, not even a rejected one', async () => {
    vi.stubEnv('NODE_ENV', 'production');
    const receiver = createReceiver({ secret, logger: false });
    await receiver.receive({ headers: {}, body: '' });
    for (const register of [
      () => receiver.on('ping', vi.fn()),
      () => receiver.onAny(vi.fn()),
      () => receiver.onUnknown(vi.fn()),
      () => receiver.onError(vi.fn()),
    ]) {
      expect(register).toThrow(TypeError);
    }
    vi.unstubAllEnvs();
  });

  it('cannot be registered for a name that is not an event type', () => {
    const receiver = createReceiver({ secret });
    for (const name of ['deployment.complete', 'unknown', '__proto__', '', [], ['ping', 'x'], undefined]) {
      expect(() => receiver.on(name as 'ping', vi.fn())).toThrow(TypeError);
    }
    expect(() => receiver.on('ping', undefined as never)).toThrow(TypeError);
  });

  it('get the adapter context, waitUntil and one signal', async () => {
    const adapterContext = { env: 'x' };
    const waitUntil = vi.fn();
    const handler = vi.fn();
    const receiver = createReceiver({ secret }).onAny((_, context) => {
      handler(
        context.adapterContext,
        context.waitUntil,
        context.signal.aborted,
        context.signal === context.signal,
      );
    });
    await receiver.receive(await inputFor('ping', { adapterContext, waitUntil }));
    expect(handler).toHaveBeenCalledWith(adapterContext, waitUntil, false, true);
  });
});

describe('handlerTimeoutMs', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('returns 503, fires the signal, skips the remaining handlers and notifies onError', async () => {
    const events: string[] = [];
    const receiver = createReceiver({ secret, handlerTimeoutMs: 1000 })
      .onAny(
        (_, { signal }) =>
          new Promise((_resolve, reject) => {
            signal.addEventListener('abort', () => {
              events.push('aborted');
              reject(signal.reason as Error);
            });
          }),
      )
      .onAny(() => events.push('never'))
      .onError((error) => events.push(error.code));
    const result = receiver.receive(await inputFor('ping'));
    await vi.advanceTimersByTimeAsync(999);
    expect(events).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(await result).toMatchObject({ status: 503, body: '{"error":"handler_timeout"}' });
    expect(events).toEqual(['aborted', 'handler_timeout']);
  });

  it('leaves no timer behind if handlers end in time, or fail', async () => {
    const quick = createReceiver({ secret, handlerTimeoutMs: 1000 }).onAny(vi.fn());
    const failing = createReceiver({ secret, handlerTimeoutMs: 1000 }).onAny(() =>
      Promise.reject(new Error()),
    );
    expect(await quick.receive(await inputFor('ping'))).toMatchObject({ status: 200 });
    expect(await failing.receive(await inputFor('ping'))).toMatchObject({ status: 500 });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is checked at set-up', () => {
    for (const handlerTimeoutMs of [0, -1, NaN, Infinity, 2 ** 31]) {
      expect(() => createReceiver({ secret, handlerTimeoutMs })).toThrow(TypeError);
    }
  });
});

describe('receive', () => {
  it('rejects every method but POST before it checks anything else', async () => {
    const body = vi.fn();
    const receiver = createReceiver({ secret });
    for (const method of ['GET', 'PUT', 'HEAD', 'OPTIONS', 'post', '']) {
      expect(await receiver.receive({ method, headers: {}, body })).toEqual({
        status: 405,
        headers: { 'content-type': 'application/json', 'content-length': '30', allow: 'POST' },
        body: '{"error":"method_not_allowed"}',
      });
    }
    expect(body).not.toHaveBeenCalled();
  });

  it('does not read the body of a request without well-formed headers', async () => {
    const body = vi.fn();
    await createReceiver({ secret }).receive({ headers: { 'x-hostwares-signature': 'x' }, body });
    expect(body).not.toHaveBeenCalled();
  });

  it('never rejects if an option, a body function or an observer throws', async () => {
    const cases: [Partial<ReceiverOptions>, Partial<ReceiveInput>, number][] = [
      [
        {
          now: () => {
            throw new Error('clock');
          },
        },
        {},
        500,
      ],
      [
        {
          schemas: {
            'site.created': {
              '~standard': {
                version: 1,
                vendor: 'x',
                validate: () => {
                  throw new Error('schema');
                },
              },
            },
          },
        },
        {},
        500,
      ],
      [{}, { body: () => Promise.reject(new Error('socket')) }, 500],
      [
        {},
        {
          body: () => {
            throw new WebhookError('body_too_large');
          },
        },
        413,
      ],
      [{}, { body: undefined }, 500],
      [{}, { headers: undefined }, 401],
      [
        {
          onRejected: () => {
            throw new Error('logging');
          },
        },
        { body: 'x' },
        401,
      ],
      [
        {
          onHandled: () => {
            throw new Error('metrics');
          },
        },
        {},
        200,
      ],
      [{ onHandled: () => Promise.reject(new Error('metrics')) }, {}, 200],
    ];
    for (const [options, input, status] of cases) {
      const receiver = createReceiver({ secret, ...options } as ReceiverOptions);
      expect(await receiver.receive({ ...(await inputFor('site.created')), ...input })).toMatchObject({
        status,
      });
    }
  });

  it('passes code, hint and request to onRejected, and responds with the code alone', async () => {
    const onRejected = vi.fn<NonNullable<ReceiverOptions['onRejected']>>();
    const receiver = createReceiver({ secret: 'other', onRejected });
    const input = await inputFor('ping', { adapterContext: 'c' });
    expect(await receiver.receive(input)).toMatchObject({
      status: 401,
      body: '{"error":"signature_mismatch"}',
    });
    const [error, info] = onRejected.mock.calls[0]!;
    expect(error.message).toMatch(/does not match/);
    expect(error.hint).toMatch(/secret/);
    expect(info).toEqual({ method: 'POST', headers: input.headers, adapterContext: 'c' });
  });

  it('keeps the message and the hint of an error that a body function throws', async () => {
    const onRejected = vi.fn();
    const body = () => {
      throw new WebhookError('body_too_large', 'The gateway cut it.', { hint: 'Ask the gateway.' });
    };
    await createReceiver({ secret, onRejected }).receive(await inputFor('ping', { body }));
    expect(onRejected.mock.lastCall?.[0]).toMatchObject({
      message: 'The gateway cut it.',
      hint: 'Ask the gateway.',
    });
  });

  it('neither decodes nor parses a rejected body without onRejected and logger', async () => {
    const decode = vi.spyOn(TextDecoder.prototype, 'decode');
    const parse = vi.spyOn(JSON, 'parse');
    const input = await inputFor('ping');
    const receiver = createReceiver({ secret: 'other', logger: false });
    expect(await receiver.receive(input)).toMatchObject({ status: 401 });
    expect([decode.mock.calls.length, parse.mock.calls.length]).toEqual([0, 0]);
    vi.restoreAllMocks();
  });

  it('analyses only bodies of up to 64 KiB, so that forgeries stay cheap', async () => {
    const onRejected = vi.fn();
    const receiver = createReceiver({ secret, onRejected });
    for (const [size, hint] of [
      [60_000, /Line endings/],
      [70_000, /secret is another/],
    ] as const) {
      const event = sampleEvent('deployment.failed', { data: { error: 'x'.repeat(size) } });
      const input = await inputFor(event);
      const body = `${new TextDecoder().decode(input.body as ArrayBuffer)}\n`;
      expect(await receiver.receive({ ...input, body })).toMatchObject({ status: 401 });
      expect(onRejected.mock.lastCall?.[0].hint).toMatch(hint);
    }
  });

  it('rejects deeply nested JSON without serialising it for an explanation', async () => {
    const onRejected = vi.fn();
    const stringify = vi.spyOn(JSON, 'stringify');
    const input = await inputFor('ping');
    const receiver = createReceiver({ secret, onRejected });
    for (const depth of [1_000, 9_000, 32_000]) {
      stringify.mockClear();
      const body = '['.repeat(depth) + ']'.repeat(depth);
      expect(await receiver.receive({ ...input, body })).toMatchObject({ status: 401 });
      expect(onRejected.mock.lastCall?.[0].code).toBe('signature_mismatch');
      expect(stringify).not.toHaveBeenCalled();
    }
    vi.restoreAllMocks();
  });

  it('passes the number of handlers that ran to onHandled', async () => {
    const onHandled = vi.fn();
    const receiver = createReceiver({ secret, onHandled }).onAny(vi.fn()).on('ping', vi.fn());
    await receiver.receive(await inputFor('ping'));
    await receiver.receive(await inputFor('site.created'));
    expect(onHandled.mock.calls.map(([event, info]) => [event.event, info.handlers])).toEqual([
      ['ping', 2],
      ['site.created', 1],
    ]);
  });

  it('calls the secret function per request with the adapter context', async () => {
    const source = vi.fn(() => secret);
    const receiver = createReceiver({ secret: source });
    expect(source).not.toHaveBeenCalled();
    for (const adapterContext of ['a', 'b'])
      await receiver.receive(await inputFor('ping', { adapterContext }));
    expect(source.mock.calls).toEqual([['a'], ['b']]);
  });

  it('returns 500 misconfigured if the secret function returns no secret', async () => {
    const onRejected = vi.fn();
    for (const none of [undefined, null, '', ' ', []]) {
      const receiver = createReceiver({ secret: () => none, onRejected });
      expect(await receiver.receive(await inputFor('ping'))).toMatchObject({ status: 500 });
      expect(onRejected.mock.lastCall?.[0]).toMatchObject({ code: 'misconfigured', retryable: true });
    }
  });
});

describe('handle', () => {
  it('passes the request as adapterContext', async () => {
    const source = vi.fn(() => secret);
    const request = await createSignedRequest('ping', { secret });
    expect((await createReceiver({ secret: source }).handle(request)).status).toBe(200);
    expect(source).toHaveBeenCalledWith(request);
  });

  it('returns 500 for a body that was read, or is being read', async () => {
    const receiver = createReceiver({ secret });
    const used = await createSignedRequest('ping', { secret });
    await used.text();
    const locked = await createSignedRequest('ping', { secret });
    locked.body?.getReader();
    for (const request of [used, locked]) {
      const response = await receiver.handle(request);
      expect([response.status, await response.json()]).toEqual([500, { error: 'body_already_parsed' }]);
    }
  });

  it('returns 413 for a declared length above maxBodyBytes without reading', async () => {
    const pull = vi.fn();
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers: {
        ...Object.fromEntries((await createSignedRequest('ping', { secret })).headers),
        'content-length': '2000000',
      },
      body: new ReadableStream({ pull }, { highWaterMark: 0 }),
      duplex: 'half',
    } as RequestInit);
    expect((await createReceiver({ secret }).handle(request)).status).toBe(413);
    expect(pull).not.toHaveBeenCalled();
  });

  it('returns 401 if the stream breaks, and if it takes longer than the platform waits', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const onRejected = vi.fn();
    const receiver = createReceiver({ secret, onRejected });
    const { headers } = await createSignedRequest('ping', { secret });
    const withBody = (body: ReadableStream) =>
      new Request('http://localhost/', { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    const broken = new ReadableStream({
      pull() {
        throw new Error('reset');
      },
    });
    expect((await receiver.handle(withBody(broken))).status).toBe(401);
    const cancelled = vi.fn(() => new Promise<void>(() => undefined));
    const dripping = receiver.handle(withBody(new ReadableStream({ cancel: cancelled })));
    await vi.advanceTimersByTimeAsync(15_000);
    expect((await dripping).status).toBe(401);
    expect(cancelled).toHaveBeenCalledOnce();
    expect(onRejected.mock.lastCall?.[0].hint).toMatch(/body is empty/);
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
});

describe('schemas', () => {
  const schemas = {
    'deployment.completed': z
      .object({ duration_seconds: z.number().max(100) })
      .transform(({ duration_seconds }) => ({ minutes: duration_seconds / 60 })),
  };

  it('replace data by their output and keep the envelope, for strict, transforming and asynchronous ones', async () => {
    const seen: unknown[] = [];
    const receiver = createReceiver({
      secret,
      schemas: {
        ...schemas,
        'deployment.failed': z.object({ site_id: z.string() }),
        'site.created': z
          .object({ site_id: z.string() })
          .transform(async ({ site_id }) => Promise.resolve(site_id)),
      },
    })
      .on('deployment.completed', (event) => seen.push(event.data.minutes))
      .on('deployment.failed', ({ data }) => seen.push(data))
      .on('site.created', ({ data }) => seen.push(data.toUpperCase()));
    const completed = sampleEvent('deployment.completed', { data: { duration_seconds: 90 } });
    const failed = sampleEvent('deployment.failed', { data: { site_id: 's_1' } });
    const created = sampleEvent('site.created', { data: { site_id: 's_2' } });
    const results = [];
    for (const event of [completed, failed, created])
      results.push(await receiver.receive(await inputFor(event)));
    expect(seen).toEqual([1.5, { site_id: 's_1' }, 'S_2']);
    expect(results.map(({ event }) => event)).toEqual([
      { ...completed, data: { minutes: 1.5 } },
      { ...failed, data: { site_id: 's_1' } },
      { ...created, data: 's_2' },
    ]);
  });

  it('reject with 422, and the hint names the path within the event', async () => {
    const onRejected = vi.fn();
    const handler = vi.fn();
    const receiver = createReceiver({ secret, schemas, onRejected }).onAny(handler);
    const event = sampleEvent('deployment.completed', { data: { duration_seconds: 500 } });
    expect(await receiver.receive(await inputFor(event))).toMatchObject({
      status: 422,
      body: '{"error":"schema_mismatch"}',
    });
    expect(onRejected.mock.lastCall?.[0].hint).toMatch(/^data\.duration_seconds: /);
    expect(handler).not.toHaveBeenCalled();
  });

  it('do not apply to other types', async () => {
    const receiver = createReceiver({ secret, schemas, logger: false });
    expect((await receiver.receive(await inputFor('site.created'))).event).toMatchObject({
      event: 'site.created',
    });
  });

  it('throw a TypeError at set-up for a key that is no event type', () => {
    for (const key of ['deployment.complete', 'ping', '__proto_', '']) {
      expect(() => createReceiver({ secret, schemas: { [key]: z.object({}) } as never })).toThrow(TypeError);
    }
  });

  it('return 500 misconfigured if a schema does not settle within 5 s', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const onRejected = vi.fn();
    const receiver = createReceiver({
      secret,
      onRejected,
      schemas: {
        'site.created': {
          '~standard': { version: 1, vendor: 'test', validate: () => new Promise<never>(() => undefined) },
        },
      },
    });
    const result = receiver.receive(await inputFor('site.created'));
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await result).toMatchObject({ status: 500, body: '{"error":"misconfigured"}' });
    expect(onRejected.mock.lastCall?.[0].message).toMatch(/schema took longer than 5000 ms/);
    vi.useRealTimers();
  });
});

it('receive accepts a body as text, as AWS Lambda passes it', async () => {
  const body = JSON.stringify(sampleEvent('alert.triggered'));
  const receiver: Receiver = createReceiver({ secret, now: () => 1_000_000 });
  const headers = {
    'X-Hostwares-Signature': await signPayload(body, secret),
    'X-Hostwares-Timestamp': '1000',
  };
  expect(await receiver.receive({ headers, body })).toMatchObject({ status: 200 });
});

it('receive names the allowed method for a wrong method only', async () => {
  const receiver = createReceiver({ secret, logger: false });
  expect(await receiver.receive({ headers: {}, body: '' })).toEqual({
    status: 401,
    headers: { 'content-type': 'application/json', 'content-length': '29' },
    body: '{"error":"missing_signature"}',
  });
});

it('receive returns 500 if a module that is loaded on demand is missing, without an unhandled rejection', async () => {
  const unhandled = vi.fn();
  process.on('unhandledRejection', unhandled);
  vi.resetModules();
  vi.doMock('../../src/receiver/apply-schema.js', () => {
    throw new Error('chunk is missing');
  });
  try {
    const { createReceiver: createFreshReceiver } = await import('../../src/index.js');
    const receiver = createFreshReceiver({ secret, logger: false, schemas: { 'site.created': z.unknown() } });
    await vi.dynamicImportSettled();
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
    expect((await receiver.receive(await inputFor('site.created'))).status).toBe(500);
  } finally {
    vi.doUnmock('../../src/receiver/apply-schema.js');
    process.off('unhandledRejection', unhandled);
  }
});
