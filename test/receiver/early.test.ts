// acknowledge: 'early', for platforms with waitUntil.
import { expect, it, vi } from 'vitest';
import { createMemoryReplayStore, createReceiver, type ReceiverOptions } from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_the_early_test';
const event = sampleEvent('site.created', { timestamp: new Date().toISOString() });
const request = () => createSignedRequest(event, { secret });

/** A platform with waitUntil, and the promises it was given. */
function platform() {
  const kept: Promise<unknown>[] = [];
  return { kept, waitUntil: (promise: Promise<unknown>) => void kept.push(promise) };
}
function gate() {
  let open: (error?: Error) => void = () => undefined;
  const opened = new Promise<void>((resolve, reject) => {
    open = (error) => (error ? reject(error) : resolve());
  });
  return { open, opened };
}
const make = (options: Partial<ReceiverOptions> = {}) =>
  createReceiver({ secret, acknowledge: 'early', ...options });

it('acknowledge: early responds before the handlers have ended, and passes them to waitUntil', async () => {
  const { open, opened } = gate();
  const { kept, waitUntil } = platform();
  const handled: unknown[] = [];
  const receiver = make({ onHandled: (_, info) => handled.push(info) }).onAny(() => opened);
  const answer = await receiver.handle(await request(), { waitUntil });
  expect([answer.status, await answer.text(), handled]).toEqual([200, '{"received":true}', []]);
  expect(kept).toHaveLength(1);
  open();
  await kept[0];
  expect(handled).toEqual([{ handlers: 1, duplicate: false }]);
});

it('acknowledge: early responds after the handlers have ended if there is no working waitUntil', async () => {
  for (const waitUntil of [
    undefined,
    () => {
      throw new Error('outside of a request');
    },
  ]) {
    const { open, opened } = gate();
    const receiver = make().onAny(() => opened);
    const answering = receiver.handle(await request(), waitUntil ? { waitUntil } : {});
    expect(await Promise.race([answering, new Promise((done) => setTimeout(done, 20, 'waiting'))])).toBe(
      'waiting',
    );
    open(new Error('no'));
    expect((await answering).status).toBe(500);
  }
});

it('acknowledge: early rejects a forged request', async () => {
  const { kept, waitUntil } = platform();
  const forged = await createSignedRequest(event, { secret: 'whsec_of_somebody_else' });
  expect((await make().handle(forged, { waitUntil })).status).toBe(401);
  expect(kept).toEqual([]);
});

it('acknowledge: early notifies onError of later failures, and its promise does not reject', async () => {
  const { kept, waitUntil } = platform();
  const errors: string[] = [];
  const receiver = make({ handlerTimeoutMs: 20 })
    .on('site.created', () => {
      throw new Error('no');
    })
    .onError(({ code }) => errors.push(code));
  expect((await receiver.handle(await request(), { waitUntil })).status).toBe(200);
  await kept[0];
  const slow = make({ handlerTimeoutMs: 20 })
    .onAny(() => new Promise(() => undefined))
    .onError(({ code }) => errors.push(code));
  expect((await slow.handle(await request(), { waitUntil })).status).toBe(200);
  await kept[1];
  expect(errors).toEqual(['handler_failed', 'handler_timeout']);
});

it('acknowledge: early with replay claims before the response, completes after the handlers, and releases after a failure', async () => {
  const { kept, waitUntil } = platform();
  const { open, opened } = gate();
  const attempts: (number | undefined)[] = [];
  const receiver = make({ replay: { store: createMemoryReplayStore() } }).onAny((_, { attempt }) => {
    attempts.push(attempt);
    return attempts.length === 1 ? opened : undefined;
  });
  const send = async () => (await receiver.handle(await request(), { waitUntil })).status;
  expect(await send()).toBe(200);
  expect(await send()).toBe(409);
  open(new Error('no'));
  await kept[0];
  // A manual delivery.
  expect(await send()).toBe(200);
  await vi.waitFor(() => expect(kept).toHaveLength(2));
  await kept[1];
  expect(await send()).toBe(200);
  expect(attempts).toEqual([1, 2]);
});

it.each([undefined, 'handled'] as const)(
  'acknowledge: %s responds after the handlers, although the platform has waitUntil',
  async (acknowledge) => {
    const { kept, waitUntil } = platform();
    const receiver = make({ acknowledge, logger: false }).onAny(() => Promise.reject(new Error('no')));
    expect((await receiver.handle(await request(), { waitUntil })).status).toBe(500);
    expect(kept).toEqual([]);
  },
);
