// Error messages, hints and log lines of a receiver, word by word where a reader depends on them.
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { WebhookError } from '../../src/index.js';
import {
  createMemoryReplayStore,
  createReceiver,
  type ReceiverOptions,
  type WebhookEvent,
} from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_messages';
const signed = (event: WebhookEvent | Parameters<typeof sampleEvent>[0] = 'site.created') =>
  createSignedRequest(event, { secret });

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
});

/** A receiver and the arguments of each call of its logger. */
function createLogging(options: Partial<ReceiverOptions> = {}) {
  const calls: unknown[][] = [];
  const logger = {
    info: (...args: unknown[]) => calls.push(['info', ...args]),
    warn: (...args: unknown[]) => calls.push(['warn', ...args]),
    error: (...args: unknown[]) => calls.push(['error', ...args]),
  };
  const receiver = createReceiver({ secret, logger, ...options } as ReceiverOptions);
  return { receiver, calls };
}

describe('the log line of a rejected request', () => {
  it.each([
    ['without a body function', null],
    ['with an empty body', ''],
  ])('names the method for a GET %s', async (_name, body) => {
    const { receiver, calls } = createLogging();
    expect((await receiver.receive({ method: 'GET', headers: null, body })).status).toBe(405);
    const page = 'https://github.com/hostwares/webhooks/blob/main/docs/errors/method_not_allowed.md';
    const line = `[hostwares] 405 method_not_allowed: Webhooks are sent with POST. ${page}`;
    expect(calls).toEqual([['warn', line]]);
  });

  it('does not blame the caller of handle if the clock throws for a request without a body', async () => {
    const cause = new Error('no clock');
    const now = () => {
      throw cause;
    };
    const { receiver, calls } = createLogging({ now });
    await receiver.receive({ headers: (await signed()).headers, body: null });
    expect(calls).toEqual([
      ['error', expect.stringContaining('The receiver itself failed: an option or a body function threw.'), cause], // prettier-ignore
    ]);
  });

  it('does not blame the caller of handle if a body function rejects with undefined', async () => {
    const { receiver, calls } = createLogging();
    const body = () => Promise.reject(undefined as unknown as Error);
    await receiver.receive({ headers: (await signed()).headers, body });
    expect(calls).toEqual([['error', expect.stringContaining('The receiver itself failed')]]);
  });

  it('says that the body is empty if the host passed null', async () => {
    const { receiver, calls } = createLogging();
    await receiver.receive({ headers: (await signed()).headers, body: null });
    expect(calls[0]?.[1]).toMatch(/401 signature_mismatch: .+ The body is empty or absent/);
  });

  it('counts suppressed lines from zero after each line', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { receiver, calls } = createLogging();
    const reject = () => receiver.receive({ headers: { 'user-agent': 'scanner' }, body: '' });
    for (const advanceMs of [0, 1, 60_000, 60_000]) {
      vi.advanceTimersByTime(advanceMs);
      await reject();
    }
    const counts = calls.map(([, line]) => /\((\d+) more since the last line\)/.exec(String(line))?.[1]);
    expect(counts).toEqual([undefined, '1', undefined]);
  });
});

describe('the log line of a failure', () => {
  it('has no second argument if there is no cause', async () => {
    const { receiver, calls } = createLogging({ handlerTimeoutMs: 5 });
    receiver.onAny(() => new Promise(() => undefined));
    expect((await receiver.handle(await signed())).status).toBe(503);
    expect(calls).toEqual([['error', expect.stringMatching(/503 handler_timeout/)]]);
  });
});

describe('the log line of an event without a handler', () => {
  const unknown = (type: string): WebhookEvent => ({ ...sampleEvent('ping'), event: 'unknown', type });

  it('has the whole type up to 80 characters, and a truncated one above', async () => {
    const { receiver, calls } = createLogging();
    await receiver.handle(await signed(unknown('a'.repeat(80))));
    await receiver.handle(await signed(unknown('b'.repeat(81))));
    expect(calls.map(([, line]) => String(line).split(' ')[1])).toEqual([
      'a'.repeat(80),
      `${'b'.repeat(80)}…`,
    ]);
  });

  it('says where to register handlers if the receiver has error handlers only', async () => {
    const { receiver, calls } = createLogging();
    receiver.onError(() => undefined);
    await receiver.handle(await signed());
    expect(calls).toEqual([
      [
        'warn',
        '[hostwares] site.created was acknowledged, but this receiver has no handlers at all. ' +
          'Register them with receiver.on(…) in the file that creates the receiver.',
      ],
    ]);
    await expect(receiver.dispatch(sampleEvent('ping'))).rejects.toThrow(/no handlers: register them where/);
  });
});

describe('the log line of a late registration', () => {
  it('names the types of a list, and error handlers', async () => {
    const { receiver, calls } = createLogging();
    receiver.onAny(() => undefined);
    await receiver.handle(await signed());
    receiver.on(['ping', 'site.created'], () => undefined).onError(() => undefined);
    await receiver.handle(await signed());
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    expect(calls[0]?.[1]).toMatch(/A handler for ping, site\.created was registered after/);
    expect(calls[1]?.[1]).toMatch(/A handler for errors was registered after/);
  });

  it('is not needed in a runtime whose process has no env: the registration is a TypeError', async () => {
    const { receiver } = createLogging();
    await receiver.handle(await signed());
    vi.stubGlobal('process', {});
    try {
      expect(() => receiver.onAny(() => undefined)).toThrow('Register handlers before the first request.');
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe('the hint of schema_mismatch', () => {
  it('has path and message of each issue, also for path segments that are objects', async () => {
    const rejected: WebhookError[] = [];
    const issues = [
      { message: 'is no number', path: ['sites', 0, { key: 'size' }] },
      { message: 'is missing', path: [{ key: 'name' }] },
      { message: 'is wrong' },
    ];
    const schema = { '~standard': { version: 1 as const, vendor: 'test', validate: () => ({ issues }) } };
    const receiver = createReceiver({
      secret,
      schemas: { 'site.created': schema },
      onRejected: (error) => rejected.push(error),
    });
    expect((await receiver.handle(await signed())).status).toBe(422);
    expect(rejected[0]).toMatchObject({
      message: 'The data of site.created does not match its schema.',
      hint: 'data.sites.0.size: is no number; data.name: is missing; data: is wrong',
      cause: issues,
    });
  });
});

describe('the error of dispatch', () => {
  it('names the type of the event whose handler failed', async () => {
    const { receiver } = createLogging();
    receiver.onAny(() => Promise.reject(new Error('no')));
    await expect(receiver.dispatch(sampleEvent('site.created'))).rejects.toThrow(
      'The handler for site.created failed.',
    );
  });
});

describe('the TypeError of a wrong option', () => {
  const store = createMemoryReplayStore();
  it.each([
    ['handlerTimeoutMs', { handlerTimeoutMs: 0 }, /^handlerTimeoutMs and replay times must be above 0/],
    ['replay.timeoutMs', { replay: { store, timeoutMs: 0 } }, /replay times must be above 0/],
    ['replay without a store', { replay: {} }, /^replay needs a store/],
    ['replay with a store that cannot claim', { replay: { store: {} } }, /^replay needs a store/],
    ['schemas', { schemas: { 'site.create': {} } }, /^schemas: site\.create is not an event type/],
  ])('names %s', (_name, options, message) => {
    expect(() => createReceiver({ secret, ...options } as unknown as ReceiverOptions)).toThrow(message);
  });
});

describe('the TypeError of a wrong registration', () => {
  it('names the wrong type and the valid ones', () => {
    const { receiver } = createLogging();
    const register = (types: unknown) => () => receiver.on(types as 'ping', () => undefined);
    expect(register(['ping', 'site.create'])).toThrow(
      /^receiver\.on: "site\.create" is not one of .*site\.created, .+, ping\.$/,
    );
    expect(register([])).toThrow(/^receiver\.on: \[\] is not one of /);
  });

  it('asks for a function', () => {
    expect(() => createLogging().receiver.onAny('log' as never)).toThrow(/handler must be a function/);
  });
});
