// The lines that a receiver writes to its logger without onRejected and onError.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createMemoryReplayStore,
  createReceiver,
  type ReceiverLogger,
  type ReceiverOptions,
  type WebhookEvent,
} from '../../src/index.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_the_report_test';

/** A logger, and the lines that were written to it. */
function recorder() {
  const lines: string[] = [];
  const causes: unknown[] = [];
  const write =
    (level: string) =>
    (line: string, ...details: unknown[]) => {
      lines.push(`${level} ${line}`);
      causes.push(...details);
    };
  return { lines, causes, logger: { info: write('info'), warn: write('warn'), error: write('error') } };
}

const make = (logger: ReceiverLogger, options: Partial<ReceiverOptions> = {}) =>
  createReceiver({ secret, logger, ...options } as ReceiverOptions);
const genuine = (event: WebhookEvent | Parameters<typeof sampleEvent>[0]) =>
  createSignedRequest(event, { secret });
const forged = () => createSignedRequest('site.created', { secret: 'whsec_of_somebody_else' });

describe('a rejected request', () => {
  it('is logged as one warning with status, code, hint and a link', async () => {
    const { lines, causes, logger } = recorder();
    await make(logger).handle(await forged());
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^warn \[hostwares\] 401 signature_mismatch: The signature does not match .+ The secret is .+ https:\/\/\S+\/docs\/errors\/signature_mismatch\.md$/,
    );
    expect(causes).toEqual([]);
  });

  it('is logged at most once per code and minute, with the number of suppressed lines', async () => {
    const { lines, logger } = recorder();
    vi.useFakeTimers({ toFake: ['performance'] });
    const receiver = make(logger);
    for (let each = 0; each < 5; each += 1) await receiver.handle(await forged());
    await receiver.receive({ headers: {}, body: '' });
    expect(lines.map((line) => line.split(' ')[3])).toEqual(['signature_mismatch:', 'missing_signature:']);
    vi.advanceTimersByTime(59_999);
    await receiver.handle(await forged());
    expect(lines).toHaveLength(2);
    vi.advanceTimersByTime(1);
    await receiver.handle(await forged());
    expect(lines[2]).toMatch(/signature_mismatch: .+ \(5 more since the last line\) https/);
    vi.useRealTimers();
  });

  it('is logged even if options.now throws', async () => {
    const { lines, causes, logger } = recorder();
    const cause = new Error('no clock');
    const receiver = make(logger, {
      now: () => {
        throw cause;
      },
    });
    expect((await receiver.handle(await genuine('ping'))).status).toBe(500);
    expect(lines).toEqual([expect.stringMatching(/500 misconfigured: The receiver itself failed/)]);
    expect(causes).toEqual([cause]);
  });

  it('is not explained if its line is suppressed', async () => {
    const { logger } = recorder();
    const receiver = make(logger);
    await receiver.handle(await forged());
    const decode = vi.spyOn(TextDecoder.prototype, 'decode');
    await receiver.handle(await forged());
    expect(decode).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  it('is logged as an error with its cause if the failure is on the receiving side', async () => {
    const { lines, causes, logger } = recorder();
    const cause = new Error('vault is sealed');
    const receiver = make(logger, { secret: () => Promise.reject(cause) });
    await receiver.handle(await genuine('ping'));
    expect(lines[0]).toMatch(/^error \[hostwares\] 500 misconfigured: /);
    expect(causes).toEqual([cause]);
  });

  it('is passed to onRejected instead of the logger', async () => {
    const { lines, logger } = recorder();
    const onRejected = vi.fn();
    await make(logger, { onRejected }).handle(await forged());
    expect([onRejected.mock.calls.length, lines]).toEqual([1, []]);
  });

  it('is logged as one line, even if a schema message has line breaks', async () => {
    const { lines, logger } = recorder();
    const issues = [{ message: `bad\r\n\u2028[hostwares] forged line\u001b[31m${'x'.repeat(5_000)}` }];
    const schemas = {
      'site.created': { '~standard': { version: 1 as const, vendor: 'x', validate: () => ({ issues }) } },
    };
    await make(logger, { schemas }).handle(await genuine('site.created'));
    expect(lines[0]).toMatch(
      /^warn \[hostwares\] 422 schema_mismatch: The data of .+ data: bad {1,2}\[hostwares\] forged/,
    );
    expect(lines[0]).not.toMatch(/[\u0000-\u001f\u2028]/);
    expect(lines[0]!.length).toBeLessThan(700);
  });
});

describe('a failed handler', () => {
  const fail = () => {
    throw new Error('database is down');
  };

  it('is logged as an error with id and type of the event and the cause, every time', async () => {
    const { lines, causes, logger } = recorder();
    const event = sampleEvent('deployment.failed');
    const receiver = make(logger).on('deployment.failed', fail);
    for (let each = 0; each < 3; each += 1)
      expect((await receiver.handle(await genuine(event))).status).toBe(500);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain(
      `error [hostwares] 500 handler_failed: The handler for deployment.failed failed.`,
    );
    expect(lines[0]).toContain(event.id);
    expect((causes[0] as Error).stack).toMatch(/database is down[\s\S]+report\.test\.ts/);
  });

  it('is passed to onError instead of the logger', async () => {
    const { lines, logger } = recorder();
    const onError = vi.fn();
    await make(logger)
      .onAny(fail)
      .onError(onError)
      .handle(await genuine('ping'));
    expect([onError.mock.calls.length, lines]).toEqual([1, []]);
  });

  it('is logged as an error in dispatch too', async () => {
    const { lines, logger } = recorder();
    const receiver = make(logger).onAny(fail);
    await expect(receiver.dispatch(sampleEvent('site.created'))).rejects.toThrow(/failed/);
    expect(lines).toHaveLength(1);
  });

  it('is logged as an error if it takes too long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { lines, logger } = recorder();
    const receiver = make(logger, { handlerTimeoutMs: 1_000 }).onAny(() => new Promise(() => undefined));
    const result = receiver.handle(await genuine('ping'));
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await result).status).toBe(503);
    vi.useRealTimers();
    await vi.waitFor(() =>
      expect(lines[0]).toMatch(/503 handler_timeout: The handler for ping took longer than 1000 ms/),
    );
  });
});

describe('an acknowledged event', () => {
  it('is logged as a warning if no handler is registered for it, once per type', async () => {
    const { lines, logger } = recorder();
    const receiver = make(logger).on('ping', () => undefined);
    for (const type of ['site.created', 'site.created', 'ping', 'site.deleted'] as const)
      expect((await receiver.handle(await genuine(type))).status).toBe(200);
    const unknown: WebhookEvent = { ...sampleEvent('ping'), event: 'unknown', type: 'moon.risen' };
    for (let each = 0; each < 2; each += 1) await receiver.handle(await genuine(unknown));
    expect(lines).toEqual([
      expect.stringMatching(
        /^warn \[hostwares\] site\.created was acknowledged, but no handler .+ receiver\.on\('site\.created', …\)/,
      ),
      expect.stringMatching(/^warn \[hostwares\] site\.deleted was acknowledged/),
      expect.stringMatching(/^warn \[hostwares\] moon\.risen was acknowledged, .+ receiver\.onUnknown/),
    ]);
  });

  it('is logged with a different warning if the receiver has no handlers at all', async () => {
    const { lines, logger } = recorder();
    await make(logger).handle(await genuine('site.created'));
    expect(lines).toEqual([
      expect.stringMatching(/site\.created was acknowledged, but this receiver has no handlers at all/),
    ]);
  });

  it('with an untrusted type cannot forge a line or fill the memory', async () => {
    const { lines, logger } = recorder();
    const receiver = make(logger);
    for (let each = 0; each < 300; each += 1) {
      const type = `type.${each}
[hostwares] forged`;
      await receiver.handle(await genuine({ ...sampleEvent('ping'), event: 'unknown', type }));
    }
    expect(lines).toHaveLength(100);
    expect(lines.join('')).not.toContain('\n');
  });

  it('is logged as a verified endpoint if it is the first ping without a handler', async () => {
    const { lines, logger } = recorder();
    const receiver = make(logger).on('site.created', () => undefined);
    for (let each = 0; each < 2; each += 1) await receiver.handle(await genuine('ping'));
    expect(lines).toEqual([expect.stringMatching(/^info \[hostwares\] Endpoint verified by a test ping\./)]);
    const { lines: warnings, logger: full } = recorder();
    await make({ warn: full.warn, error: full.error }).handle(await genuine('ping'));
    expect(warnings).toEqual([expect.stringMatching(/^warn \[hostwares\] Endpoint verified/)]);
  });

  it('is not logged if it was handled, handed off, or handled before', async () => {
    const { lines, logger } = recorder();
    const event = sampleEvent('site.created', { timestamp: new Date().toISOString() });
    const receiver = make(logger, { replay: { store: createMemoryReplayStore() } }).onAny(() => undefined);
    for (let each = 0; each < 2; each += 1) await receiver.handle(await genuine(event));
    await make(logger, { handoff: () => Promise.resolve() }).handle(await genuine(event));
    expect(lines).toEqual([]);
  });
});

describe('the logger', () => {
  beforeEach(() => {
    for (const level of ['info', 'warn', 'error'] as const)
      vi.spyOn(console, level).mockReturnValue(undefined);
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('is the console by default, and false writes nothing', async () => {
    await createReceiver({ secret, logger: false }).handle(await forged());
    expect(console.warn).not.toHaveBeenCalled();
    await createReceiver({ secret }).handle(await forged());
    expect(console.warn).toHaveBeenCalledOnce();
  });

  it('may throw, reject or hang without changing the response', async () => {
    for (const write of [
      () => {
        throw new Error('disk full');
      },
      () => Promise.reject(new Error('socket')),
      () => new Promise(() => undefined),
    ]) {
      const receiver = make({ warn: write, error: write });
      expect((await receiver.handle(await forged())).status).toBe(401);
      expect((await receiver.handle(await genuine('site.created'))).status).toBe(200);
      receiver.onAny(() => Promise.reject(new Error('handler')));
      expect((await receiver.handle(await genuine('site.created'))).status).toBe(500);
    }
  });

  it('without warn and error is a TypeError at set-up', () => {
    for (const logger of [true, {}, { warn: () => undefined }, 'console']) {
      expect(() => createReceiver({ secret, logger: logger as never })).toThrow(/logger must have/);
    }
  });
});
