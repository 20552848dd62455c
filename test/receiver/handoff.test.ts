// Events are handed off before the response, and the handlers run elsewhere.
import { expect, it, vi } from 'vitest';
import {
  createMemoryReplayStore,
  createReceiver,
  type HandlerContext,
  type StandardSchemaV1,
  type WebhookEvent,
} from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_the_handoff_test';
const event = sampleEvent('deployment.failed', { timestamp: new Date().toISOString() });
const request = (of: WebhookEvent = event) => createSignedRequest(of, { secret });

it('handoff is acknowledged once it has resolved, and no handler runs', async () => {
  const order: string[] = [];
  const infos: unknown[] = [];
  const receiver = createReceiver({
    secret,
    handoff: async (given) => {
      await Promise.resolve();
      order.push(given.id);
    },
    onHandled: (given, info) => infos.push([given.id, info]),
  }).onAny(() => order.push('handler'));
  const answer = await receiver.handle(await request());
  expect([answer.status, order]).toEqual([200, [event.id]]);
  expect(infos).toEqual([[event.id, { handlers: 1, duplicate: false }]]);
});

it('handoff that rejects leads to 500, and onError is notified', async () => {
  const errors: unknown[] = [];
  const receiver = createReceiver({ secret, handoff: () => Promise.reject(new Error('queue is down')) });
  receiver.onError((error) => errors.push([error.code, (error.cause as Error).message]));
  const answer = await receiver.handle(await request());
  expect([answer.status, await answer.text()]).toEqual([500, '{"error":"handler_failed"}']);
  expect(errors).toEqual([['handler_failed', 'queue is down']]);
});

it('handoff that returns no promise leads to 500', async () => {
  const errors: unknown[] = [];
  const receiver = createReceiver({ secret, handoff: (() => undefined) as never });
  receiver.onError(({ message, cause }) => errors.push(message, (cause as Error).message));
  expect((await receiver.handle(await request())).status).toBe(500);
  expect(errors).toEqual(['The hand-off for deployment.failed failed.', 'handoff returned no promise.']);
});

it('handoff that does not settle leads to 503 after 10 s by default', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const receiver = createReceiver({ secret, handoff: () => new Promise(() => undefined) });
    const answering = receiver.handle(await request());
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    await vi.advanceTimersByTimeAsync(9_999);
    expect(await Promise.race([answering, Promise.resolve('waiting')])).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1);
    expect((await answering).status).toBe(503);
  } finally {
    vi.useRealTimers();
  }
});

it('handoff with replay is called again for a retry after a failure, and not after a success', async () => {
  const attempts: (number | undefined)[] = [];
  const receiver = createReceiver({
    secret,
    replay: { store: createMemoryReplayStore() },
    handoff: (_, { attempt }) => {
      attempts.push(attempt);
      return attempts.length < 3 ? Promise.reject(new Error('down')) : Promise.resolve();
    },
  });
  const statuses: number[] = [];
  for (let each = 0; each < 4; each += 1) statuses.push((await receiver.handle(await request())).status);
  expect(statuses).toEqual([500, 500, 200, 200]);
  expect(attempts).toEqual([1, 2, 3]);
});

/** Replaces the data; rejects data without a name. */
const schema: StandardSchemaV1<unknown, { shout: string }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const name = (value as (typeof event)['data']).site_name;
      return name ? { value: { shout: name.toUpperCase() } } : { issues: [{ message: 'no name' }] };
    },
  },
};

it('handoff gets the event as received, and the schema is applied again in dispatch', async () => {
  const handed: WebhookEvent[] = [];
  const seen: string[] = [];
  const receiver = createReceiver({
    secret,
    schemas: { 'deployment.failed': schema },
    handoff: (given) => Promise.resolve(handed.push(given)),
  }).on('deployment.failed', ({ data }) => seen.push(data.shout));
  expect((await receiver.handle(await request())).status).toBe(200);
  expect(handed).toEqual([event]);
  await receiver.dispatch(JSON.parse(JSON.stringify(handed[0])) as WebhookEvent);
  expect(seen).toEqual([event.data.site_name.toUpperCase()]);

  const nameless = sampleEvent('deployment.failed', { data: { site_name: '' } });
  expect((await receiver.handle(await request(nameless))).status).toBe(422);
  await expect(receiver.dispatch(nameless)).rejects.toMatchObject({ code: 'schema_mismatch' });
});

it.each(['hostwares', {}, Promise.resolve(() => undefined)])(
  'handoff must be a function, not %o',
  (handoff) => {
    expect(() => createReceiver({ secret, handoff: handoff as never })).toThrow(/handoff must be a function/);
  },
);

it('handoff cannot be combined with acknowledge: early', () => {
  const handoff = () => Promise.resolve();
  expect(() => createReceiver({ secret, handoff, acknowledge: 'early' })).toThrow(TypeError);
});

it('dispatch runs the handlers of the type in order, with attempt and adapterContext of the queue', async () => {
  const seen: unknown[] = [];
  const receiver = createReceiver({ secret });
  receiver.on('deployment.failed', ({ data }, { attempt, isDuplicateDelivery, adapterContext }) =>
    seen.push([data.deployment_id, attempt, isDuplicateDelivery, adapterContext]),
  );
  receiver.on('site.created', () => seen.push('not this one'));
  receiver.onAny((_, context) => seen.push([context.attempt, context.isDuplicateDelivery]));
  await receiver.dispatch(event, { attempt: 2, adapterContext: 'job 7' });
  await receiver.dispatch(event, { attempt: 1 });
  await receiver.dispatch(event);
  const id = event.data.deployment_id;
  expect(seen).toEqual([
    [id, 2, true, 'job 7'],
    [2, true],
    [id, 1, false, undefined],
    [1, false],
    [id, undefined, undefined, undefined],
    [undefined, undefined],
  ]);
});

it('dispatch rejects with the first failure, after all handlers have run', async () => {
  const errors: string[] = [];
  let ran = 0;
  const receiver = createReceiver({ secret })
    .onAny(() => {
      throw new Error('first');
    })
    .onAny(() => (ran += 1))
    .onError(({ cause }) => errors.push((cause as Error).message));
  await expect(receiver.dispatch(event)).rejects.toMatchObject({
    code: 'handler_failed',
    cause: { message: 'first' },
  });
  expect([ran, errors]).toEqual([1, ['first']]);
});

it.each([
  ['nothing', undefined],
  ['null', null],
  ['a number', 7],
  ['a list', []],
  ['an event without an id', { ...event, id: undefined }],
  ['an event with a malformed timestamp', { ...event, timestamp: 'yesterday' }],
  ['an unknown event without its type', { ...event, event: 'unknown' }],
])('dispatch rejects %s', async (_, given) => {
  let ran = 0;
  const receiver = createReceiver({ secret }).onAny(() => (ran += 1));
  await expect(receiver.dispatch(given as never)).rejects.toMatchObject({ name: 'WebhookError' });
  expect(ran).toBe(0);
});

it('dispatch passes an event that an older version stored as unknown to the handlers of its type', async () => {
  const seen: string[] = [];
  const receiver = createReceiver({ secret })
    .on('site.created', ({ event: type }) => seen.push(type))
    .onUnknown(({ type }) => seen.push(`unknown ${type}`));
  const kept = { ...sampleEvent('site.created'), event: 'unknown', type: 'site.created' };
  await receiver.dispatch(kept as never);
  await receiver.dispatch({ ...kept, type: 'moon.risen' } as never);
  expect(seen).toEqual(['site.created', 'unknown moon.risen']);
});

it('dispatch stops if the queue revokes the job', async () => {
  const queue = new AbortController();
  const seen: string[] = [];
  let inner: HandlerContext | undefined;
  const receiver = createReceiver({ secret })
    .onAny((_, context) => {
      inner = context;
      seen.push('first');
      queue.abort(new Error('lock lost'));
    })
    .onAny(() => seen.push('second'));
  await expect(receiver.dispatch(event, { signal: queue.signal })).rejects.toThrow('lock lost');
  expect(seen).toEqual(['first']);
  expect(inner!.signal.aborted).toBe(true);
  expect((inner!.signal.reason as Error).message).toBe('lock lost');
  // Before it began:
  await expect(receiver.dispatch(event, { signal: queue.signal })).rejects.toThrow('lock lost');
  expect(seen).toEqual(['first']);
});

it('dispatch prevents later registrations in production', async () => {
  const receiver = createReceiver({ secret }).onAny(() => undefined);
  await receiver.dispatch(event);
  vi.stubEnv('NODE_ENV', 'production');
  expect(() => receiver.onAny(() => undefined)).toThrow(/before the first request/);
  vi.unstubAllEnvs();
});

it('dispatch rejects with a TypeError if the receiver has no handlers', async () => {
  await expect(createReceiver({ secret }).dispatch(event)).rejects.toThrow(
    /no handlers: register them where/,
  );
});

it('dispatch leaves no listener on the signal of the job, whether handlers succeed or fail', async () => {
  const job = new AbortController();
  const add = vi.spyOn(job.signal, 'addEventListener');
  const remove = vi.spyOn(job.signal, 'removeEventListener');
  let inner: AbortSignal | undefined;
  const receiver = createReceiver({ secret, logger: false })
    .onAny((_, { signal }) => void (inner = signal))
    .on('site.created', () => Promise.reject(new Error('no')));
  await receiver.dispatch(event, { signal: job.signal });
  const failing = receiver.dispatch(sampleEvent('site.created'), { signal: job.signal });
  await expect(failing).rejects.toMatchObject({ code: 'handler_failed' });
  expect(add).toHaveBeenCalledTimes(2);
  expect(remove.mock.calls).toEqual(add.mock.calls);
  job.abort();
  expect(inner?.aborted).toBe(false);
});
