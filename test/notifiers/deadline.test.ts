// Deadlines, pauses and cancellation of one notification, on a fake clock and without a network.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebhookError } from '../../src/index.js';
import { createSlackNotifier, type FetchLike, type SlackNotifierOptions } from '../../src/notifiers/index.js';
import { sampleEvent } from '../../src/testing/index.js';

const event = sampleEvent('deployment.failed');
const url = 'https://hooks.slack.com/services/T0/B0/secret1';
const start = Date.parse('2026-01-31T08:00:00.000Z');

beforeEach(() => {
  vi.useFakeTimers({ now: start });
  vi.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** A fetch that resolves to each response once, in order; `hang` never settles. */
function fetchOf(...responses: (Response | 'hang')[]) {
  return vi.fn<FetchLike>(async () => {
    const response = responses.shift() ?? new Response('ok');
    return response === 'hang' ? new Promise<never>(() => undefined) : response;
  });
}
const status = (code: number, headers: Record<string, string> = {}) =>
  new Response('reason', { status: code, headers });
const rateLimited = (seconds: number) => status(429, { 'retry-after': String(seconds) });

const slack = (fetch: FetchLike, options: Partial<SlackNotifierOptions> = {}) =>
  createSlackNotifier({ url, fetch, ...options });

/** Records how a notification ended, and when. */
function watch(notification: Promise<void>) {
  const state: { afterMs?: number; error?: WebhookError } = {};
  const end = (error?: WebhookError) => {
    state.afterMs = Date.now() - start;
    if (error) state.error = error;
  };
  notification.then(() => {
    end();
  }, end);
  return state;
}
const advance = (ms: number) => vi.advanceTimersByTimeAsync(ms);
/** Runs everything that waits for no timer. */
const settle = async () => {
  for (let turns = 0; turns < 50; turns += 1) await Promise.resolve();
};

describe('a notification', () => {
  it('posts at once, without a timer', async () => {
    const fetch = fetchOf();
    const state = watch(slack(fetch)(event));
    await settle();
    expect(fetch).toHaveBeenCalledTimes(1);
    expect(state).toEqual({ afterMs: 0 });
  });

  it('leaves no timer after it is accepted', async () => {
    await slack(fetchOf())(event);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("removes its listener from the handlers' signal", async () => {
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    await slack(fetchOf())(event, { signal });
    expect(added).toHaveBeenCalledExactlyOnceWith('abort', expect.any(Function));
    expect(removed.mock.calls).toEqual(added.mock.calls);
  });

  it('fails at the default deadline of 10 s', async () => {
    const state = watch(slack(fetchOf('hang'))(event));
    await advance(9_999);
    expect(state).toEqual({});
    await advance(1);
    expect(state.error?.message).toBe(
      'Slack (https://hooks.slack.com/…) did not accept the message in time.',
    );
    expect([state.error?.hint, state.error?.cause]).toEqual([undefined, undefined]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [0, [500, 1_000, 2_000]],
    [0.5, [625, 1_250, 2_500]],
  ])('is retried three times by default, with doubling pauses (random %s)', async (random, pauses) => {
    vi.mocked(Math.random).mockReturnValue(random);
    const times: number[] = [];
    const fetch: FetchLike = async () => {
      times.push(Date.now());
      return status(503);
    };
    const state = watch(slack(fetch)(event));
    await advance(10_000);
    expect(times.slice(1).map((time, index) => time - times[index]!)).toEqual(pauses);
    expect(state.error?.message).toMatch(/ did not accept the message in 4 attempts: 503: reason\.$/);
  });

  it.each([
    [501, 2],
    [500, 1],
  ])('with timeoutMs %i and a backoff of 500 ms, is posted %i times', async (timeoutMs, posts) => {
    const fetch = fetchOf(status(503));
    const state = watch(slack(fetch, { timeoutMs })(event));
    await advance(500);
    expect(fetch).toHaveBeenCalledTimes(posts);
    if (posts === 2) expect(state).toEqual({ afterMs: 500 });
    else expect(state.error?.message).toMatch(/in 1 attempt, and timeoutMs leaves no time for another: 503/);
  });

  it('with a pause that ends before its deadline, is posted when the pause ends', async () => {
    const fetch = fetchOf(rateLimited(1));
    const state = watch(slack(fetch, { timeoutMs: 1_001 })(event));
    await advance(999);
    expect(fetch).toHaveBeenCalledTimes(1);
    await advance(1);
    expect(state).toEqual({ afterMs: 1_000 });
  });

  it('with a pause that ends at its deadline, fails at once', async () => {
    const state = watch(slack(fetchOf(rateLimited(1)), { timeoutMs: 1_000 })(event));
    await settle();
    expect(state.afterMs).toBe(0);
    expect(state.error?.message).toBe(
      'Slack (https://hooks.slack.com/…) asked us to wait until 2026-01-31T08:00:01.000Z (1 s), longer than timeoutMs allows: 429: reason.',
    );
  });

  it('after the end of a pause, posts at once, and rounds a remaining second up before it', async () => {
    const fetch = fetchOf(rateLimited(60));
    const notify = slack(fetch);
    const first = watch(notify(event));
    await advance(100);
    expect(first.error?.message).toContain('(60 s)');
    const second = watch(notify(event));
    await settle();
    expect(second.error?.message).toContain('until 2026-01-31T08:01:00.000Z (60 s)');
    await advance(59_900);
    const third = watch(notify(event));
    await settle();
    expect(third).toEqual({ afterMs: 60_000 });
    expect(fetch).toHaveBeenCalledTimes(2);
  });

  it('uses the longer of a pause and a backoff', async () => {
    const fetch = fetchOf(status(503), status(503, { 'retry-after': '2' }), status(503));
    const state = watch(slack(fetch)(event));
    await advance(500);
    expect(fetch).toHaveBeenCalledTimes(2);
    await advance(1_999);
    expect(fetch).toHaveBeenCalledTimes(2);
    await advance(1);
    expect(fetch).toHaveBeenCalledTimes(3);
    // The backoff of the third attempt; the pause is over.
    await advance(1_999);
    expect(fetch).toHaveBeenCalledTimes(3);
    await advance(1);
    expect(state).toEqual({ afterMs: 4_500 });
  });

  it.each([
    ['before it begins', 0],
    ['while it backs off', 100],
  ])("fails at once if the handlers' signal fires %s, and leaves no timer", async (_, afterMs) => {
    const controller = new AbortController();
    if (afterMs === 0) controller.abort();
    const fetch = fetchOf(status(503));
    const state = watch(slack(fetch)(event, { signal: controller.signal }));
    await advance(afterMs);
    controller.abort();
    await settle();
    expect(state.afterMs).toBe(afterMs);
    expect(state.error?.message).toMatch(/in time/);
    expect(fetch).toHaveBeenCalledTimes(afterMs === 0 ? 0 : 1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("says that earlier messages are still being sent if the handlers' signal fires in the queue", async () => {
    const fetch = fetchOf('hang');
    const notify = slack(fetch);
    const first = watch(notify(event));
    const controller = new AbortController();
    const second = watch(notify(event, { signal: controller.signal }));
    await advance(100);
    controller.abort();
    await settle();
    expect(first).toEqual({});
    expect(second.error).toMatchObject({ code: 'notifier_failed' });
    expect(second.error?.message).toBe(
      'Slack (https://hooks.slack.com/…) was still busy with earlier messages.',
    );
    await advance(10_000);
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  it('says that its secret did not arrive if it waited for the secret of an earlier event', async () => {
    const controller = new AbortController();
    const notify = slack(fetchOf(), { url: () => new Promise(() => undefined) });
    void notify(event).catch(() => undefined);
    const second = watch(notify(event, { signal: controller.signal }));
    await advance(100);
    controller.abort();
    await settle();
    expect(second.error).toMatchObject({ code: 'misconfigured' });
    expect(second.error?.message).toBe('Slack notifier: its secret did not arrive in time.');
    await advance(10_000);
  });

  it('does not wait for the post of an earlier event to resolve its secret', async () => {
    const secretOf = vi.fn(() => url);
    const notify = slack(fetchOf('hang'), { url: secretOf });
    void notify(event).catch(() => undefined);
    void notify(event).catch(() => undefined);
    await settle();
    expect(secretOf).toHaveBeenCalledTimes(2);
    await advance(20_000);
  });
});

describe('the option bestEffort', () => {
  it('ignores an onError that rejects', async () => {
    const onError = vi.fn(() => Promise.reject(new Error('ignored')));
    await slack(fetchOf(status(404)), { bestEffort: true, onError })(event);
    expect(onError).toHaveBeenCalledTimes(1);
  });

  it('waits for onError', async () => {
    const onError = () => new Promise<void>((resolve) => setTimeout(resolve, 100));
    const state = watch(slack(fetchOf(status(404)), { bestEffort: true, onError })(event));
    await advance(99);
    expect(state).toEqual({});
    await advance(1);
    expect(state).toEqual({ afterMs: 100 });
  });

  it('does not hide the misuse of a notifier', async () => {
    const onError = vi.fn();
    const notify = slack(fetchOf(), { bestEffort: true, onError });
    await expect(notify(undefined as never)).rejects.toThrow(TypeError);
    expect(onError).not.toHaveBeenCalled();
  });

  it('set to false needs no onError', async () => {
    const state = watch(slack(fetchOf(status(404)), { bestEffort: false })(event));
    await settle();
    expect(state.error).toMatchObject({ code: 'notifier_failed' });
  });
});

it('a notifier describes the event before a schema replaced its data', async () => {
  const fetch = fetchOf();
  const verifiedEvent = sampleEvent('deployment.failed', { data: { site_name: 'original' } });
  await slack(fetch)({ ...event, data: {} }, { verifiedEvent });
  expect(fetch.mock.calls[0]![1].body).toContain('Deployment of original failed');
});

it('a notifier uses the global fetch by default', async () => {
  const fetch = vi.spyOn(globalThis, 'fetch').mockResolvedValue(new Response('ok'));
  await createSlackNotifier({ url })(event);
  expect(fetch).toHaveBeenCalledExactlyOnceWith(
    url,
    expect.objectContaining({ method: 'POST', redirect: 'manual' }),
  );
});
