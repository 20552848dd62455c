// Notifiers and a fake provider over real HTTP. Only the notifier's clock is fake.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { accept, startFakeProvider, type Answer, type FakeProvider } from '../../examples/fake-provider.js';
import { createReceiver, isWebhookError, type WebhookError, type WebhookEvent } from '../../src/index.js';
import {
  createDiscordNotifier,
  createPagerDutyNotifier,
  createSlackNotifier,
  type DiscordNotifierOptions,
  type Notifier,
  type NotifierOptions,
} from '../../src/notifiers/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const slackPath = '/services/T0SECRET1/B0SECRET2/secret3tokenXXXXXXXXXX';
const discordPath = '/api/webhooks/100000000000000001/secret-token_of-discord-1';
const routingKey = 'secretkey00000000000000000000001';
const event = sampleEvent('deployment.failed');

let provider: FakeProvider;
let startedMs: number;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
  startedMs = Date.now();
});
afterEach(async () => {
  vi.useRealTimers();
  await provider.stop();
});

/** Waits for real sockets while the fake clock stands still. */
async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns += 1) {
    if (turns > 200_000) throw new Error('the condition was not met');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

interface Settled {
  done: boolean;
  error?: WebhookError;
}

/** Waits for notifications, and advances the clock only while they wait for it. */
async function finish(...notifications: Promise<void>[]): Promise<Settled[]> {
  const settled = notifications.map((notification) => {
    const state: Settled = { done: false };
    notification.then(
      () => (state.done = true),
      (error: unknown) => Object.assign(state, { done: true, error }),
    );
    return state;
  });
  for (let steps = 0; !settled.every(({ done }) => done); steps += 1) {
    if (steps > 2_000) throw new Error('the notification did not settle');
    for (let turns = 0; turns < 60; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(settled.every(({ done }) => done) ? 0 : 10);
  }
  return settled;
}

const status =
  (code: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body);
const reset: Answer = (response) => response.destroy();
const hang: Answer = () => undefined;

type Make = (options?: Partial<NotifierOptions>) => Notifier;
const makers: Record<string, { make: Make; rateLimit: (seconds: number) => Answer; secrets: string[] }> = {
  Slack: {
    make: (options) =>
      createSlackNotifier({ url: provider.origin + slackPath, allowAnyHost: true, ...options } as never),
    rateLimit: (seconds) => status(429, { 'retry-after': String(Math.ceil(seconds)) }, 'rate_limited'),
    secrets: ['T0SECRET1', 'B0SECRET2', 'secret3tokenXXXXXXXXXX'],
  },
  Discord: {
    make: (options) =>
      createDiscordNotifier({ url: provider.origin + discordPath, allowAnyHost: true, ...options } as never),
    rateLimit: (seconds) =>
      // The header is rounded up; the body is exact.
      status(
        429,
        { 'retry-after': String(Math.ceil(seconds)) },
        JSON.stringify({ message: 'You are being rate limited.', retry_after: seconds, global: false }),
      ),
    secrets: ['100000000000000001', 'secret-token_of-discord-1'],
  },
  PagerDuty: {
    make: (options) =>
      createPagerDutyNotifier({
        routingKey,
        url: `${provider.origin}/v2/enqueue`,
        allowAnyHost: true,
        ...options,
      } as never),
    rateLimit: (seconds) =>
      status(429, { 'retry-after': String(Math.ceil(seconds)) }, '{"status":"throttle"}'),
    secrets: [routingKey],
  },
};

describe.each(Object.entries(makers))('the %s notifier', (name, { make, rateLimit, secrets }) => {
  it('posts an event once, as JSON', async () => {
    provider = await startFakeProvider();
    expect(await finish(make()(event))).toEqual([{ done: true }]);
    expect(provider.posts).toHaveLength(1);
    expect(provider.posts[0]).toMatchObject({ headers: { 'content-type': 'application/json' } });
    expect(JSON.stringify(provider.posts[0]!.body)).toContain('npm run build exited with code 1');
  });

  it('delays its message and all later ones after a 429', async () => {
    provider = await startFakeProvider([rateLimit(2.25)]);
    const notify = make();
    const results = await finish(notify(event), notify(event));
    expect(results).toEqual([{ done: true }, { done: true }]);
    const waited = name === 'Discord' ? 2250 : 3000;
    expect(provider.posts.map(({ at }) => at - startedMs >= waited)).toEqual([false, true, true]);
    expect(provider.posts[1]!.at - startedMs).toBeLessThan(waited + 200);
  });

  it('fails at once if a 429 asks for more than timeoutMs, and posts nothing until that time has passed', async () => {
    provider = await startFakeProvider([rateLimit(60)]);
    const notify = make();
    const [first] = await finish(notify(event));
    const [second] = await finish(notify(event));
    expect(Date.now() - startedMs).toBeLessThan(1000);
    expect(first!.error).toMatchObject({ code: 'notifier_failed', status: 500, retryable: true });
    expect(first!.error!.message).toMatch(
      /asked us to wait until \S+Z \(60 s\), longer than timeoutMs allows: 429/,
    );
    expect(second!.error).toMatchObject({ code: 'notifier_failed' });
    expect(provider.posts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await finish(notify(event))).toEqual([{ done: true }]);
  });

  it('pauses for a minute after a 429 without a time, and later messages fail at once with the reason', async () => {
    provider = await startFakeProvider([status(429, {}, 'slow down'), status(429, {}, 'slow down')]);
    const notify = make();
    const [first] = await finish(notify(event));
    await vi.advanceTimersByTimeAsync(10_000);
    const [second] = await finish(notify(event));
    expect(provider.posts).toHaveLength(1);
    for (const { error } of [first!, second!]) {
      expect(error).toMatchObject({ code: 'notifier_failed', status: 500, cause: { status: 429 } });
      const resumesAt = new Date(provider.posts[0]!.at + 60_000).toISOString().slice(0, 16);
      expect(error!.message).toContain(
        `did not say for how long, so nothing is posted to it until ${resumesAt}`,
      );
      expect(error!.message).toMatch(/429: slow down\.$/);
      expect(error!.hint).toMatch(/may block the address of this machine/);
    }
    await vi.advanceTimersByTimeAsync(50_000);
    await finish(notify(event), notify(event));
    expect(provider.posts).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await finish(notify(event))).toEqual([{ done: true }]);
  });

  it('waits for the end of a pause within the deadline', async () => {
    provider = await startFakeProvider([status(429)]);
    const notification = make({ timeoutMs: 90_000 })(event);
    await until(() => provider.posts.length === 1);
    for (let turns = 0; turns < 60; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    await vi.advanceTimersByTimeAsync(59_000);
    expect(provider.posts).toHaveLength(1);
    expect(await finish(notification)).toEqual([{ done: true }]);
    expect(provider.posts).toHaveLength(2);
  });

  it('retries 5xx and broken connections with growing pauses', async () => {
    provider = await startFakeProvider([status(503), reset, status(500)]);
    expect(await finish(make()(event))).toEqual([{ done: true }]);
    const at = provider.posts.map((post) => post.at);
    const pauses = at.slice(1).map((each, index) => each - at[index]!);
    expect(pauses).toHaveLength(3);
    for (const [index, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(500 * 2 ** index);
      expect(pause).toBeLessThan(750 * 2 ** index + 200);
    }
  });

  it('fails after maxRetries', async () => {
    provider = await startFakeProvider(Array.from({ length: 9 }, () => status(502, {}, 'bad\ngateway')));
    const [result] = await finish(make({ maxRetries: 2 })(event));
    expect(result!.error!.message).toMatch(
      new RegExp(`^${name} \\(.*/…\\) did not accept the message in 3 attempts: 502: bad gateway\\.$`),
    );
    expect(result!.error!.cause).toEqual({ status: 502, answer: 'bad gateway' });
    expect(provider.posts).toHaveLength(3);
  });

  it.each([400, 403, 404, 410])('does not retry after %s', async (code) => {
    provider = await startFakeProvider([status(code, {}, 'no_service')]);
    const [result] = await finish(make()(event));
    expect(result!.error).toMatchObject({
      code: 'notifier_failed',
      cause: { status: code, answer: 'no_service' },
    });
    expect(result!.error!.hint).toMatch(/webhook|format/);
    expect(provider.posts).toHaveLength(1);
  });

  it('follows no redirect', async () => {
    provider = await startFakeProvider([status(307, { location: '/elsewhere' })]);
    const [result] = await finish(make()(event));
    expect(result!.error!.hint).toMatch(/Redirects are not followed/);
    expect(provider.posts).toHaveLength(1);
  });

  it('fails after timeoutMs if the provider does not respond', async () => {
    provider = await startFakeProvider([hang]);
    const [result] = await finish(make({ timeoutMs: 2_000 })(event));
    expect(result!.error!.message).toMatch(/did not accept the message in time/);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(2_000);
    expect(Date.now() - startedMs).toBeLessThan(2_200);
  });

  it('reads a limited part of an endless response', async () => {
    let written = 0;
    provider = await startFakeProvider([
      (response) => {
        response.writeHead(400);
        const more = () => {
          if (response.destroyed) return;
          written += 65_536;
          if (response.write('x'.repeat(65_536))) setImmediate(more);
          else response.once('drain', more);
        };
        more();
      },
    ]);
    const [result] = await finish(make()(event));
    expect(result!.error!.message.length).toBeLessThan(500);
    expect(written).toBeLessThan(20_000_000);
    // The limit ended the reading, not the deadline.
    expect(Date.now() - startedMs).toBeLessThan(1_000);
  });

  it('shows no part of its secret if the response is truncated within it', async () => {
    const long: Answer = (response) => response.writeHead(404).end('x'.repeat(290) + secrets.at(-1)!);
    provider = await startFakeProvider([long]);
    const [result] = await finish(make()(event));
    expect(result!.error!.message).not.toContain(secrets.at(-1)!.slice(0, 6));
  });

  it('shows its secret in no error, even if the provider echoes it', async () => {
    const echo: Answer = (response, { path, body }) =>
      response.writeHead(404).end(`Cannot POST ${path} ${JSON.stringify(body)} ${secrets.join(' ')}`);
    provider = await startFakeProvider([echo]);
    const [result] = await finish(make()(event));
    const leaking = Object.assign(new TypeError(`fetch ${provider.origin}${slackPath} ${secrets.join()}`), {
      cause: { code: secrets[0] },
    });
    const [thrown] = await finish(make({ fetch: () => Promise.reject(leaking), maxRetries: 0 })(event));
    for (const error of [result!.error!, thrown!.error!]) {
      const shown = JSON.stringify([error.message, error.hint, error.cause, error.stack]);
      for (const secret of secrets) expect(shown).not.toContain(secret);
      expect(error.code).toBe('notifier_failed');
    }
  });

  it('posts in order and one at a time, even if a message is retried', async () => {
    let open = 0;
    let most = 0;
    const slow: Answer = (response, post) => {
      most = Math.max(most, ++open);
      setImmediate(() => {
        open -= 1;
        accept(response, post);
      });
    };
    provider = await startFakeProvider([slow, status(503), ...Array.from({ length: 9 }, () => slow)]);
    const notify = make();
    const sites = ['a', 'b', 'c', 'd', 'e', 'f'];
    await finish(
      ...sites.map((site_name) => notify(sampleEvent('deployment.failed', { data: { site_name } }))),
    );
    const order = provider.posts.map(({ body }) => /Deployment of (\w)/.exec(JSON.stringify(body))![1]);
    expect(order.join('')).toBe('abbcdef');
    expect(most).toBe(1);
  });

  it('posts the next message after one without a response', async () => {
    provider = await startFakeProvider([hang]);
    const notify = make({ timeoutMs: 3_000 });
    const later = vi.advanceTimersByTimeAsync(1_000).then(() => notify(event));
    const [dead, next] = await finish(notify(event), later);
    expect(dead!.error).toMatchObject({ code: 'notifier_failed' });
    expect(next).toEqual({ done: true });
    expect(provider.posts).toHaveLength(2);
  });

  it('posts the next message after the deadline of one whose request the runtime ended silently', async () => {
    provider = await startFakeProvider();
    let calls = 0;
    const notify = make({
      timeoutMs: 3_000,
      fetch: (url, init) => (++calls === 1 ? new Promise(() => undefined) : fetch(url, init)),
    });
    // Its timer does not fire either, so it never settles.
    vi.spyOn(globalThis, 'setTimeout').mockReturnValueOnce(0 as never);
    void notify(event);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await finish(notify(event))).toEqual([{ done: true }]);
    expect(Date.now() - startedMs).toBeGreaterThanOrEqual(3_000);
    const atOnce = Date.now();
    expect(await finish(notify(event))).toEqual([{ done: true }]);
    expect(Date.now() - atOnce).toBeLessThan(200);
  });

  it('fails after timeoutMs if fetch never settles, and retries if fetch returns no response', async () => {
    provider = await startFakeProvider();
    const deaf = () => new Promise<Response>(() => undefined);
    const silent = async () => new Response(new ReadableStream({}), { status: 500 });
    for (const each of [deaf, silent]) {
      const begun = Date.now();
      const [result] = await finish(make({ timeoutMs: 1_000, fetch: each })(event));
      expect(result!.error).toMatchObject({ code: 'notifier_failed' });
      expect(Date.now() - begun).toBeLessThan(1_100);
    }
    for (const each of [
      async () => undefined, // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      () => Promise.reject(undefined as never),
    ]) {
      const [result] = await finish(make({ maxRetries: 0, fetch: each as never })(event));
      expect(result!.error!.message).toMatch(/did not accept the message in 1 attempt/);
    }
  });

  it('obeys Retry-After if the response body never ends, and if the header is repeated', async () => {
    provider = await startFakeProvider([
      (response) => response.writeHead(429, { 'retry-after': '60' }).write('{'),
    ]);
    const notify = make({ timeoutMs: 1_000 });
    await finish(notify(event));
    const [second] = await finish(notify(event));
    expect(second!.error!.message).toMatch(/asked us to wait until .* longer than timeoutMs allows/);
    expect(provider.posts).toHaveLength(1);
    await provider.stop();

    provider = await startFakeProvider([status(503, { 'retry-after': '3, 3' })]);
    const begun = Date.now();
    await finish(make()(event));
    expect(provider.posts[1]!.at - begun).toBeGreaterThanOrEqual(3_000);
  });

  it('applies a backoff to its own message only', async () => {
    provider = await startFakeProvider([status(503), status(503)]);
    const notify = make({ timeoutMs: 1_000 });
    const [first] = await finish(notify(event));
    expect(first!.error!.message).toMatch(/in 2 attempts, and timeoutMs leaves no time for another: 503/);
    expect(await finish(notify(event))).toEqual([{ done: true }]);
  });

  it('posts nothing if the signal has fired already', async () => {
    provider = await startFakeProvider();
    const [result] = await finish(make()(event, { signal: AbortSignal.abort() }));
    expect(result!.error).toBeDefined();
    expect(provider.posts).toEqual([]);
  });

  it('shows no part of its secret if white space around it is folded or truncated', async () => {
    const whole = secrets.at(-1)!;
    for (const filling of [10_000, 16_384]) {
      const padded = `x${' '.repeat(filling - Math.floor(whole.length / 2))}${whole}${' '.repeat(20_000)}`;
      provider = await startFakeProvider([status(404, {}, padded)]);
      const [result] = await finish(make()(event));
      expect(result!.error!.message).not.toContain(whole.slice(0, 5));
      await provider.stop();
    }
  });

  it('fails with notifier_failed if a format throws or is asynchronous', async () => {
    provider = await startFakeProvider();
    const onError = vi.fn();
    const format = {
      'deployment.failed': () => {
        throw new Error('boom');
      },
    };
    const [thrown] = await finish(make({ format })(event));
    expect(thrown!.error).toMatchObject({ code: 'notifier_failed', cause: { message: 'boom' } });
    expect(await finish(make({ format, bestEffort: true, onError })(event))).toEqual([{ done: true }]);
    expect(onError).toHaveBeenCalledTimes(1);
    const later = { 'deployment.failed': (async () => ({})) as never };
    const [late] = await finish(make({ format: later })(event));
    expect(late!.error!.cause).toMatchObject({ message: expect.stringContaining('asynchronous') as string });
  });

  it('fails when the signal of the handlers fires', async () => {
    provider = await startFakeProvider([hang]);
    const controller = new AbortController();
    const notification = make()(event, { signal: controller.signal });
    await until(() => provider.posts.length === 1);
    controller.abort();
    const [result] = await finish(notification);
    expect(result!.error).toMatchObject({ code: 'notifier_failed' });
    expect(Date.now() - startedMs).toBeLessThan(1_000);
  });

  it('resolves and calls onError if bestEffort is true', async () => {
    provider = await startFakeProvider([status(404)]);
    const onError = vi.fn(() => {
      throw new Error('ignored');
    });
    expect(await finish(make({ bestEffort: true, onError })(event))).toEqual([{ done: true }]);
    expect(onError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'notifier_failed' }),
      event,
    );
  });

  it('makes the receiver respond with 500 and pass the failure to onError', async () => {
    provider = await startFakeProvider([status(404)]);
    const errors: unknown[] = [];
    const receiver = createReceiver({ secret: 'x' })
      .on('deployment.failed', make())
      .onError((error) => errors.push(error.cause));
    const handled = receiver.handle(await createSignedRequest(event, { secret: 'x' }));
    await finish(handled.then(() => undefined));
    expect((await handled).status).toBe(500);
    expect(errors.every((error) => isWebhookError(error) && error.code === 'notifier_failed')).toBe(true);
    expect(errors).toHaveLength(1);
  });
});

describe('a notifier after a 429', () => {
  const ban = '{"code":0,"message":"This address is blocked."}';
  const inTenSeconds = () => new Date(Date.now() + 10_000).toUTCString();
  const unstated = 60;
  it.each<[string, () => [Record<string, string>, string], number]>([
    ['JSON without a time', () => [{ 'content-type': 'application/json' }, ban], unstated],
    ['HTML without a time', () => [{}, '<!DOCTYPE html><title>Error 1015</title>'], unstated],
    ['text without a time', () => [{}, 'error code: 1015'], unstated],
    ['an empty answer', () => [{}, ''], unstated],
    ['a Retry-After that is no number', () => [{ 'retry-after': 'soon' }, ''], unstated],
    ['a Retry-After that is no date', () => [{ 'retry-after': 'garbage 1' }, ''], unstated],
    ['negative numbers', () => [{ 'retry-after': '-5' }, '{"retry_after":-1}'], unstated],
    ['a string in JSON', () => [{}, '{"retry_after":"3"}'], unstated],
    ['Retry-After with HTML', () => [{ 'retry-after': '30' }, '<!DOCTYPE html>1015'], 30],
    ['a Retry-After that is a date', () => [{ 'retry-after': inTenSeconds() }, ''], 10],
    ['X-RateLimit-Reset-After alone', () => [{ 'x-ratelimit-reset-after': '30.5' }, '{}'], 30.5],
    [
      'Retry-After rather than X-RateLimit-Reset-After',
      () => [{ 'retry-after': '40', 'x-ratelimit-reset-after': '2' }, ''],
      40,
    ],
    ['more than an hour', () => [{ 'retry-after': '999999' }, ''], 3_600],
  ])('with %s, pauses for the right time', async (_, answer, seconds) => {
    const [headers, body] = answer();
    provider = await startFakeProvider([status(429, headers, body)]);
    const notify = makers.Discord!.make({ timeoutMs: 1_000 });
    const [first] = await finish(notify(event));
    expect(first!.error).toMatchObject({ code: 'notifier_failed', cause: { status: 429 } });
    // A date has whole seconds.
    await vi.advanceTimersByTimeAsync(seconds * 1000 - 2_500);
    const [second] = await finish(notify(event));
    expect(second!.error?.message).toMatch(/ until /);
    expect(provider.posts).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_500);
    expect(await finish(notify(event))).toEqual([{ done: true }]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['zero', { 'retry-after': '0' }, ''],
    ['zero in JSON', {}, '{"retry_after":0}'],
    ['a date in the past', { 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, ''],
  ])('with %s as its time, backs off as usual', async (_, headers, body) => {
    provider = await startFakeProvider([status(429, headers, body)]);
    expect(await finish(makers.Discord!.make()(event))).toEqual([{ done: true }]);
    expect(provider.posts[1]!.at - provider.posts[0]!.at).toBeGreaterThanOrEqual(500);
  });

  it('ignores X-RateLimit-Reset-After of another status', async () => {
    provider = await startFakeProvider([status(500, { 'x-ratelimit-reset-after': '300' })]);
    expect(await finish(makers.Discord!.make()(event))).toEqual([{ done: true }]);
    expect(provider.posts[1]!.at - provider.posts[0]!.at).toBeLessThan(1_000);
  });
});

describe('the Discord notifier and threads', () => {
  const url = 'https://discord.com/api/webhooks/1/abcdefgh';
  const posting = async (options: Partial<DiscordNotifierOptions>) => {
    provider = await startFakeProvider();
    const own = provider.origin + discordPath;
    await finish(createDiscordNotifier({ url: own, allowAnyHost: true, ...options })(event));
    return provider.posts[0]!;
  };

  it('opens a post with threadName', async () => {
    const { path, body } = await posting({ threadName: 'Deployments' });
    expect(path).toBe(`${discordPath}?wait=true`);
    expect(body).toMatchObject({ thread_name: 'Deployments', embeds: [{ color: 0xef4444 }] });
  });

  it('posts to the thread of threadId', async () => {
    const { path, body } = await posting({ threadId: '1234567890123456789' });
    expect(path).toBe(`${discordPath}?thread_id=1234567890123456789&wait=true`);
    expect(body).not.toHaveProperty('thread_name');
  });

  it('changes neither URL nor message without both options', async () => {
    const { path, body } = await posting({ threadName: undefined, threadId: undefined });
    expect(path).toBe(`${discordPath}?wait=true`);
    expect(body).not.toHaveProperty('thread_name');
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    ['both options', { threadName: 'a', threadId: '1' }, /Give one of them/],
    ['threadName and a thread in the URL', { threadName: 'a', url: `${url}?thread_id=1` }, /Remove one/],
    ['threadId and a thread in the URL', { threadId: '1', url: `${url}?thread_id=1` }, /Remove one/],
    ['an empty threadName', { threadName: '' }, /1 to 100 characters/],
    ['a blank threadName', { threadName: ' ' }, /1 to 100 characters/],
    ['a threadName of 101 characters', { threadName: 'x'.repeat(101) }, /1 to 100 characters/],
    ['a threadName of two lines', { threadName: 'a\nb' }, /on one line/],
    ['a threadName that is no string', { threadName: 7 }, /1 to 100 characters/],
    ['a threadId that is a number', { threadId: 1234567890123456789 }, /digits, not a number/],
    ['a threadId that is no id', { threadId: 'general' }, /digits/],
    ['an empty threadId', { threadId: '' }, /digits/],
  ])('rejects %s with a TypeError at set-up', async (_, options, expected) => {
    provider = await startFakeProvider();
    const make = () => createDiscordNotifier({ url, ...options } as DiscordNotifierOptions);
    expect(make).toThrow(TypeError);
    expect(make).toThrow(expected);
    expect(make).not.toThrow(/abcdefgh/);
  });

  it('fails with misconfigured if a function returns a URL with a second thread', async () => {
    provider = await startFakeProvider();
    const notify = createDiscordNotifier({ url: () => `${url}?thread_id=1`, threadId: '2' });
    const [result] = await finish(notify(event));
    expect(result!.error).toMatchObject({ code: 'misconfigured' });
    expect(result!.error!.message).toMatch(/Remove one of them/);
  });
});

describe('the hint for a rejected message', () => {
  it.each<[string, number, string, RegExp]>([
    ['Discord', 400, '{"message": "…", "code": 220001}', /threadName .* threadId/],
    ['Discord', 400, '{"message": "…", "code": 220002}', /Remove threadName, or the thread_id/],
    ['Discord', 400, '{"message": "…", "code": 220003}', /Remove threadName/],
    ['Discord', 400, '{"message": "…", "code": 220004}', /incoming webhook/],
    ['Discord', 400, '{"message": "…", "code": 40067}', /requires a tag.*threadId/],
    ['Discord', 404, '{"message": "Unknown Channel", "code": 10003}', /thread does not exist/],
    ['Discord', 400, '{"message": "…", "code": 50083}', /archived/],
    ['Discord', 403, '{"message": "…", "code": 160005}', /locked/],
    ['Discord', 404, '{"message": "Unknown Webhook", "code": 10015}', /was removed/],
    ['Discord', 400, '{"message": "Invalid Form Body", "code": 50035}', /format and links/],
    ['Discord', 400, '{"embeds": ["0"]}', /format and links/],
    ['Discord', 400, 'null', /format and links/],
    ['Slack', 410, 'channel_is_archived', /Unarchive/],
    ['Slack', 403, 'action_prohibited', /administrators/],
    ['Slack', 403, 'posting_to_general_channel_denied', /administrator/],
    ['Slack', 404, 'channel_not_found', /was removed/],
    ['Slack', 404, 'no_service', /was removed/],
    ['Slack', 400, 'invalid_blocks', /format and links/],
    ['Slack', 400, 'no_text', /format and links/],
    ['Slack', 413, 'payload_too_large', /format and links/],
    ['Slack', 422, 'invalid_payload', /format and links/],
  ])('of %s with %s %s names the fix', async (name, code, body, expected) => {
    provider = await startFakeProvider([status(code, {}, body)]);
    const [result] = await finish(makers[name]!.make()(event));
    expect(result!.error!.hint).toMatch(expected);
    expect(result!.error!.message).toContain(`rejected the message: ${code}: ${body}`);
    expect(provider.posts).toHaveLength(1);
  });
});

describe('the error of a notifier', () => {
  const failWith = async (answer: Answer) => {
    provider = await startFakeProvider([answer]);
    const [result] = await finish(makers.Slack!.make({ maxRetries: 0, timeoutMs: 1_000 })(event));
    return result!.error!;
  };

  it("contains the provider's reason in its message and its cause", async () => {
    const error = await failWith(status(400, {}, 'invalid_payload'));
    expect(error.message).toBe(`Slack (${provider.origin}/…) rejected the message: 400: invalid_payload.`);
    expect(error.cause).toEqual({ status: 400, answer: 'invalid_payload' });
  });

  it('says so if the response is empty', async () => {
    expect((await failWith(status(404))).message).toMatch(/: 404: an empty response\.$/);
  });

  it('contains no hint if a retry may succeed', async () => {
    const error = await failWith(status(503, {}, 'down'));
    expect(error.message).toMatch(/did not accept the message in 1 attempt: 503: down\.$/);
    expect(error.hint).toBeUndefined();
  });

  it('names the fix if the provider asked for a long pause', async () => {
    const error = await failWith(status(429, { 'retry-after': '60' }));
    expect(error.hint).toMatch(/^Too many messages for one webhook\./);
  });

  it.each([
    ['does not arrive in time', () => new Promise<string>(() => undefined), /did not arrive in time\.$/],
    [
      'cannot be found, since the function rejects',
      () => Promise.reject(new Error('no')),
      /the function for its secret threw\.$/,
    ],
  ])('says that the secret %s', async (_, url, message) => {
    provider = await startFakeProvider();
    const [result] = await finish(createSlackNotifier({ url, timeoutMs: 500 })(event));
    expect(result!.error).toMatchObject({ code: 'misconfigured' });
    expect(result!.error!.message).toMatch(message);
  });

  it('names the provider and the event if a format throws', async () => {
    provider = await startFakeProvider();
    const format = {
      'deployment.failed': () => {
        throw new Error('boom');
      },
    };
    const [result] = await finish(makers.Slack!.make({ format })(event));
    expect(result!.error!.message).toBe(
      'The Slack message for deployment.failed could not be composed: its format or links threw.',
    );
  });
});

describe('the redaction of responses', () => {
  /** Returns the part of an error's message that shows the provider's response. */
  const answered = async (
    make: typeof createDiscordNotifier | typeof createSlackNotifier,
    path: string,
    body: string,
  ) => {
    provider = await startFakeProvider([status(404, {}, body)]);
    const [result] = await finish(make({ url: provider.origin + path, allowAnyHost: true })(event));
    await provider.stop();
    return result!.error!.message.replace(/^.*?: 404: /, '');
  };
  const discord = '/api/webhooks/1/abcdefgh';

  it.each<[string, typeof createDiscordNotifier | typeof createSlackNotifier, string, string]>([
    [
      'thread_id',
      createDiscordNotifier,
      `${discord}?thread_id=778899001122`,
      'either thread_name or thread_id',
    ],
    ['webhooks', createDiscordNotifier, discord, 'https://discord.com/developers: webhooks are gone'],
    ['api and v10', createDiscordNotifier, '/api/v10/webhooks/1/abcdefgh', 'the api v10 is degraded'],
    ['services', createSlackNotifier, '/services/T0000/B0000/abcdefgh', 'Slack services are degraded'],
  ])('keeps the word %s of a response', async (_, make, path, body) => {
    expect(await answered(make, path, body)).toBe(`${body}.`);
  });

  it("keeps the path of PagerDuty's URL", async () => {
    provider = await startFakeProvider([status(404, {}, 'Cannot POST /v2/enqueue')]);
    const [result] = await finish(makers.PagerDuty!.make()(event));
    expect(result!.error!.message).toMatch(/404: Cannot POST \/v2\/enqueue\.$/);
  });

  it.each([
    ['the value of a parameter', `${discord}?thread_id=778899001122`, '778899001122'],
    ['a parameter without a name', '/hook?SuperSecretToken', 'SuperSecretToken'],
    ['a value that is percent-encoded', '/hook?token=abc1%2Fdef~g', 'abc1%2Fdef~g'],
    ['a value that is decoded', '/hook?token=abc1%2Fdef~g', 'abc1/def~g'],
    ['a value as URLSearchParams writes it', '/hook?token=abc1%2Fdef~g', 'abc1%2Fdef%7Eg'],
    ['a segment of the path', '/tenants/SecretPath', 'SecretPath'],
    ['the fragment', '/hook#SecretFragment', 'SecretFragment'],
    ['the token', discord, 'abcdefgh'],
    ['the whole path', '/api/webhooks/1/abc', '/api/webhooks/1/abc'],
  ])('removes %s', async (_, path, echo) => {
    const shown = await answered(createDiscordNotifier, path, `before ${echo} after`);
    expect(shown).toBe('before … after.');
  });
});

describe('notifiers', () => {
  it('add wait=true to a Discord URL and keep its thread_id', async () => {
    provider = await startFakeProvider();
    await finish(
      createDiscordNotifier({ url: `${provider.origin}${discordPath}?thread_id=7`, allowAnyHost: true })(
        event,
      ),
    );
    expect(provider.posts[0]!.path).toBe(`${discordPath}?thread_id=7&wait=true`);
  });

  it('use version 10 of the API in every Discord URL', async () => {
    provider = await startFakeProvider();
    const urls: string[] = [];
    for (const path of ['', 'v6/', 'v10/']) {
      const notify = createDiscordNotifier({
        url: `https://discord.com/api/${path}webhooks/1/a?thread_id=2`,
        fetch: async (url) => {
          urls.push(url);
          return new Response(null, { status: 204 });
        },
      });
      await finish(notify(event));
    }
    expect(new Set(urls)).toEqual(
      new Set(['https://discord.com/api/v10/webhooks/1/a?thread_id=2&wait=true']),
    );
  });

  it('redact the path and the parameters of a proxy, encoded or not', async () => {
    provider = await startFakeProvider([status(404, {}, 'bad SuperSecretToken abc1/def at SecretPath')]);
    const url = `${provider.origin}/SecretPath/x?token=SuperSecretToken&more=abc1%2Fdef`;
    const [result] = await finish(createSlackNotifier({ url, allowAnyHost: true })(event));
    expect(result!.error!.message).toMatch(/404: bad … … at …/);
  });

  it('keep the order of events while a function resolves secrets, with a queue and a pause for each secret', async () => {
    provider = await startFakeProvider([status(429, { 'retry-after': '60' })]);
    let calls = 0;
    const notify = createSlackNotifier({
      url: async (context) => {
        if (++calls === 2) await new Promise((resolve) => setTimeout(resolve, 500));
        return `${provider.origin}/${context as string}`;
      },
      allowAnyHost: true,
    });
    const named = (site_name: string) => sampleEvent('site.deleted', { data: { site_name } });
    const [a, b, c] = await finish(
      notify(named('a'), { adapterContext: 'tenant1' }),
      notify(named('b'), { adapterContext: 'tenant2' }),
      notify(named('c'), { adapterContext: 'tenant2' }),
    );
    expect([a!.error?.code, b, c]).toEqual(['notifier_failed', { done: true }, { done: true }]);
    expect(provider.posts.map(({ body }) => /Site (\w)/.exec(JSON.stringify(body))![1])).toEqual([
      'a',
      'b',
      'c',
    ]);
  });

  it('fail with misconfigured after timeoutMs if the secret does not resolve', async () => {
    provider = await startFakeProvider();
    const notify = createSlackNotifier({ url: () => new Promise(() => undefined), timeoutMs: 500 });
    const [result] = await finish(notify(event));
    expect(result!.error).toMatchObject({ code: 'misconfigured' });
    expect(Date.now() - startedMs).toBeLessThan(600);
  });

  it('post nothing to PagerDuty for an event that is no incident', async () => {
    provider = await startFakeProvider();
    const notify = makers.PagerDuty!.make();
    await finish(notify(sampleEvent('site.created')), notify(event));
    expect(provider.posts).toHaveLength(1);
  });

  it('pass the adapter context to a secret function, and fail with misconfigured without its value', async () => {
    provider = await startFakeProvider();
    const context = { adapterContext: { env: { SLACK: provider.origin + slackPath } } };
    const notify = createSlackNotifier({
      url: (c) => (c as Partial<typeof context.adapterContext>).env?.SLACK,
      allowAnyHost: true,
    });
    expect(await finish(notify(event, context))).toEqual([{ done: true }]);
    const [without] = await finish(notify(event, { adapterContext: {} }));
    expect(without!.error!.code).toBe('misconfigured');
    expect(without!.error!.message).toMatch(/URL is missing or blank/);
    const throwing = createPagerDutyNotifier({
      routingKey: () => {
        throw new TypeError(routingKey);
      },
    });
    const [threw] = await finish(throwing(event));
    expect(threw!.error).toMatchObject({ code: 'misconfigured' });
    expect(JSON.stringify([threw!.error!.message, threw!.error!.cause])).not.toContain(routingKey);
  });
});

describe('the set-up of notifiers', () => {
  beforeEach(async () => {
    provider = await startFakeProvider();
  });

  const slack = 'https://hooks.slack.com/services/T0/B0/secret1';
  it.each([
    [undefined, /missing or blank.*environment variable/],
    ['', /missing or blank/],
    ['hooks.slack.com/services/T0/B0/secret1', /not a URL/],
    [` ${slack}`, /not a URL/],
    ['http://hooks.slack.com/services/T0/B0/secret1', /must begin with https/],
    ['https://evil.example/services/T0/B0/secret1', /another host/],
    ['https://hooks.slack.com.evil.example/services/T0/B0/secret1', /another host/],
    ['https://hooks.slack.com@evil.example/services/T0/B0/secret1', /user name or password/],
    ['https://hooks.slack.com/workflows/T0/B0/secret1', /another path/],
    ['https://discord.com/api/webhooks/1/secret1', /another host/],
  ])('rejects %s as a Slack URL', (url, expected) => {
    const make = () => createSlackNotifier({ url: url as string });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(expected);
    expect(make).not.toThrow(/secret1/);
  });

  it.each([slack, 'https://hooks.slack-gov.com/services/T0/B0/x'])('accepts %s for Slack', (url) => {
    expect(createSlackNotifier({ url })).toBeTypeOf('function');
  });

  it.each([
    'https://discord.com/api/webhooks/1/a-b_c',
    'https://discord.com/api/v10/webhooks/1/a?thread_id=2',
    'https://canary.discord.com/api/webhooks/1/a',
  ])('accepts %s for Discord', (url) => {
    expect(createDiscordNotifier({ url })).toBeTypeOf('function');
  });

  it('rejects URLs and keys of other providers for Discord and PagerDuty', () => {
    expect(() => createDiscordNotifier({ url: slack })).toThrow(/Discord URL has another host/);
    expect(() => createDiscordNotifier({ url: 'https://discord.com/channels/1/2' })).toThrow(/another path/);
    expect(() => createPagerDutyNotifier({ routingKey: 'short' })).toThrow(
      /routing key is missing or malformed/,
    );
    expect(() => createPagerDutyNotifier({ routingKey, url: 'https://evil.example/v2/enqueue' })).toThrow(
      /another host/,
    );
    const url = 'https://events.eu.pagerduty.com/v2/enqueue';
    expect(createPagerDutyNotifier({ routingKey, url })).toBeTypeOf('function');
  });

  it('accepts http: with allowAnyHost to this machine only', () => {
    expect(createSlackNotifier({ url: 'https://proxy.example/x', allowAnyHost: true })).toBeTypeOf(
      'function',
    );
    expect(() => createSlackNotifier({ url: 'http://proxy.example/x', allowAnyHost: true })).toThrow(/https/);
    expect(() => createSlackNotifier({ url: 'http://127.0.0.1.evil.example/', allowAnyHost: true })).toThrow(
      /https/,
    );
  });

  it('accepts undefined for every option that may be omitted', async () => {
    const notify = createSlackNotifier({
      url: provider.origin + slackPath,
      allowAnyHost: true,
      format: undefined,
      links: undefined,
      timeoutMs: undefined,
      maxRetries: undefined,
      bestEffort: undefined,
      onError: undefined,
      fetch: undefined,
    });
    expect(await finish(notify(event, { signal: undefined, adapterContext: undefined }))).toEqual([
      { done: true },
    ]);
    expect(
      createPagerDutyNotifier({
        routingKey,
        url: undefined,
        alsoTrigger: undefined,
        allowAnyHost: undefined,
      }),
    ).toBeTypeOf('function');
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ format: { 'deployment.fialed': () => ({}) } }, /no event type "deployment.fialed". Known: deployment/],
    [{ format: { 'deployment.failed': { title: 'x' } } }, /format for deployment.failed must be a function/],
    [{ links: { logs: 'https://logs.example.com' } }, /links must be a function/],
  ])('rejects the content options %o', (options, expected) => {
    for (const { make } of Object.values(makers)) expect(() => make(options)).toThrow(expected);
  });

  it.each([
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ timeoutMs: 2 ** 31 }, /timeoutMs/],
    [{ maxRetries: -1 }, /maxRetries/],
    [{ maxRetries: 1.5 }, /maxRetries/],
    [{ bestEffort: true }, /bestEffort needs onError/],
    [{ onError: () => undefined }, /onError is for bestEffort/],
  ])('rejects the delivery options %o', (options, expected) => {
    expect(() => createSlackNotifier({ url: slack, ...options })).toThrow(expected);
  });
});

it('Slack and Discord post a ping, and PagerDuty does not', async () => {
  provider = await startFakeProvider();
  const event: WebhookEvent = sampleEvent('ping');
  for (const { make } of Object.values(makers)) await finish(make()(event));
  expect(provider.posts).toHaveLength(2);
});
