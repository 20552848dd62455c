// The user's code cannot delay a response, or keep a claim, beyond its deadline.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryReplayStore, createReceiver, type ReceiverOptions } from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_the_deadline_test';
const forever = () => new Promise<never>(() => undefined);
const event = sampleEvent('site.created', { timestamp: new Date().toISOString() });
const request = () => createSignedRequest(event, { secret });
const make = (options: Partial<ReceiverOptions> = {}) =>
  createReceiver({ secret, logger: false, ...options } as ReceiverOptions);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Returns the status of a response, and the milliseconds until it was available. */
async function answered(
  response: Promise<Response>,
  stepMs = 1_000,
): Promise<[status: number, afterMs: number]> {
  const startMs = Date.now();
  let status: number | undefined;
  void response.then((answer) => (status = answer.status));
  for (let step = 0; step < 1_000; step += 1) {
    // Real turns of the event loop, for digests and imports.
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    if (status !== undefined) return [status, Date.now() - startMs];
    await vi.advanceTimersByTimeAsync(stepMs);
  }
  throw new Error('no answer');
}

describe('a handler that never settles', () => {
  it('leads to 503 after 120 s by default', async () => {
    expect(
      await answered(
        make()
          .onAny(forever)
          .handle(await request()),
      ),
    ).toEqual([503, 120_000]);
  });

  it('leads to 503 after maxHandlingSeconds with replay, fires the signal, and the next attempt is handled', async () => {
    const signals: AbortSignal[] = [];
    const receiver = make({ replay: { store: createMemoryReplayStore(), maxHandlingSeconds: 60 } }).onAny(
      (_, { signal }) => {
        signals.push(signal);
        return signals.length === 1 ? forever() : undefined;
      },
    );
    const first = receiver.handle(await request());
    await vi.waitFor(() => expect(signals).toHaveLength(1));
    expect((await receiver.handle(await request())).status).toBe(409);
    expect(await answered(first)).toEqual([503, 60_000]);
    expect(signals[0]!.aborted).toBe(true);
    expect((await receiver.handle(await request())).status).toBe(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps its claim beyond handlerTimeoutMs, but not beyond maxHandlingSeconds', async () => {
    let runs = 0;
    const receiver = make({
      handlerTimeoutMs: 10_000,
      replay: { store: createMemoryReplayStore(), leaseSeconds: 15, maxHandlingSeconds: 90 },
    }).onAny(() => (++runs === 1 ? forever() : undefined));
    expect(await answered(receiver.handle(await request()))).toEqual([503, 10_000]);
    await vi.advanceTimersByTimeAsync(79_000);
    expect((await receiver.handle(await request())).status).toBe(409);
    await vi.advanceTimersByTimeAsync(1_001);
    expect((await receiver.handle(await request())).status).toBe(200);
    expect(runs).toBe(2);
  });

  it('releases its claim as soon as it ends after its timeout', async () => {
    let end = () => undefined as unknown;
    const handler = vi
      .fn()
      .mockImplementationOnce(() => new Promise((resolve) => (end = resolve as () => unknown)));
    const receiver = make({ handlerTimeoutMs: 10_000, replay: { store: createMemoryReplayStore() } }).onAny(
      handler,
    );
    expect((await answered(receiver.handle(await request())))[0]).toBe(503);
    expect((await receiver.handle(await request())).status).toBe(409);
    end();
    await vi.advanceTimersByTimeAsync(0);
    expect((await receiver.handle(await request())).status).toBe(200);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a secret function that never settles leads to 500 after 5 s, and the body is not read', async () => {
  const onRejected = vi.fn();
  const body = vi.fn();
  const receiver = make({ secret: forever, onRejected });
  const { headers } = await request();
  const result = receiver.receive({ headers, body });
  await vi.advanceTimersByTimeAsync(4_999);
  expect(onRejected).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect((await result).status).toBe(500);
  expect(onRejected.mock.lastCall?.[0]).toMatchObject({
    code: 'misconfigured',
    message: expect.stringMatching(/secret function took longer than 5000 ms/) as unknown,
    hint: expect.stringMatching(/Cache the secret/) as unknown,
  });
  expect(body).not.toHaveBeenCalled();
});

it('onError that never settles delays the response by one second at most, and keeps no claim', async () => {
  let runs = 0;
  const receiver = make({ replay: { store: createMemoryReplayStore() } })
    .onAny(() => {
      runs += 1;
      throw new Error('fails');
    })
    .onError(forever)
    .onError(forever);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    expect(await answered(receiver.handle(await request()))).toEqual([500, 1_000]);
  }
  expect(runs).toBe(3);
  expect(vi.getTimerCount()).toBe(0);
});

it('onRejected and onHandled that never settle do not delay the response', async () => {
  const receiver = make({ onRejected: forever, onHandled: forever }).onAny(() => undefined);
  expect((await receiver.handle(await request())).status).toBe(200);
  const forged = await createSignedRequest(event, { secret: 'whsec_of_somebody_else' });
  expect((await receiver.handle(forged)).status).toBe(401);
});

it('a replay store that never settles leads to 503 after timeoutMs, at each step', async () => {
  for (const step of ['claim', 'complete'] as const) {
    const store = { ...createMemoryReplayStore(), [step]: forever };
    const receiver = make({ replay: { store, timeoutMs: 2_000 } }).onAny(() => undefined);
    expect(await answered(receiver.handle(await request()))).toEqual([503, 2_000]);
  }
});

it('maxHandlingSeconds outside its range is a TypeError at set-up', () => {
  for (const maxHandlingSeconds of [0, -1, NaN, Infinity, 2 ** 31]) {
    expect(() => make({ replay: { store: createMemoryReplayStore(), maxHandlingSeconds } })).toThrow(
      TypeError,
    );
  }
});

it('onError that settles within a second is awaited before the response', async () => {
  let isLogged = false;
  const receiver = make()
    .onAny(() => Promise.reject(new Error('no')))
    .onError(async () => {
      await new Promise((resolve) => setTimeout(resolve, 900));
      isLogged = true;
    });
  const [status, afterMs] = await answered(receiver.handle(await request()), 100);
  expect([status, isLogged]).toEqual([500, true]);
  expect(afterMs).toBe(900);
});

it('handlers that return no promise cost no timer', async () => {
  const { headers, body } = await request();
  const text = await new Response(body).text();
  const setTimer = vi.spyOn(globalThis, 'setTimeout');
  const receiver = make().onAny(() => undefined);
  expect((await receiver.receive({ headers, body: text })).status).toBe(200);
  expect(setTimer).not.toHaveBeenCalled();
  receiver.onAny(() => Promise.resolve());
  expect((await receiver.receive({ headers, body: text })).status).toBe(200);
  expect(setTimer).toHaveBeenCalledOnce();
  setTimer.mockRestore();
});
