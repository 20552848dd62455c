// Name resolution with two address families, silent name servers and late answers.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createUrlGuard } from '../../../src/sender/transport/url-guard.js';

const publicIpv4 = '93.184.215.14';
const publicIpv6 = '2606:4700::1111';

/** Answers after a time on the fake clock, or never if none is given. */
function answer(addresses: readonly string[], afterMs?: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    if (afterMs !== undefined) setTimeout(() => resolve(addresses), afterMs);
  });
}
const failure = (code: string): Promise<readonly string[]> =>
  Promise.reject(Object.assign(new Error(code), { code }));

/** Resolves a name with these answers, and measures the time. */
async function resolve(...families: Promise<readonly string[]>[]) {
  const startMs = Date.now();
  const resolution = await createUrlGuard(false, () => families).resolve('hook.example');
  return { ...resolution, tookMs: Date.now() - startMs };
}

describe('the resolution of a name', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('includes both families if the second answer arrives within 250 ms', async () => {
    const result = resolve(answer([publicIpv6], 200), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ addresses: [publicIpv6, publicIpv4], tookMs: 200 });
  });

  it.each([
    ['IPv6', answer.bind(undefined, [publicIpv4], 10), answer.bind(undefined, [publicIpv6], undefined)],
    ['IPv4', answer.bind(undefined, [publicIpv6], 10), answer.bind(undefined, [publicIpv4], undefined)],
  ])('waits at most 250 ms for a silent %s answer', async (_, prompt, silent) => {
    const result = resolve(silent(), prompt());
    await vi.advanceTimersByTimeAsync(260);
    const { tookMs, late } = await result;
    expect([tookMs, late instanceof Promise]).toEqual([260, true]);
    await vi.runAllTimersAsync();
  });

  it('waits for the other family after an empty answer', async () => {
    const result = resolve(answer([], 10), answer([publicIpv4], 2_000));
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ addresses: [publicIpv4], tookMs: 2_000 });
  });

  it('resolves at once if the other family fails', async () => {
    const result = resolve(failure('ESERVFAIL'), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ addresses: [publicIpv4], tookMs: 10 });
  });

  it('returns the addresses of a late answer', async () => {
    const result = resolve(answer([publicIpv6], 1_000), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    expect(await (await result).late).toEqual([publicIpv6]);
  });

  it('rejects a late answer with an address that is not public', async () => {
    const result = resolve(answer(['::1'], 1_000), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    const { addresses, late } = await result;
    expect(addresses).toEqual([publicIpv4]);
    await expect(late).rejects.toThrow(/not public/);
  });

  it('rejects as soon as one answer has an address that is not public', async () => {
    const result = resolve(answer([publicIpv6]), answer([publicIpv4, '10.0.0.1'], 10));
    const rejected = expect(result).rejects.toThrow(/not public/);
    await vi.advanceTimersByTimeAsync(10);
    await rejected;
    await vi.runAllTimersAsync();
  });

  it('rejects after 5 s if no name server answers', async () => {
    const startMs = Date.now();
    const rejected = expect(resolve(answer([]), answer([]))).rejects.toThrow(
      'The name server did not answer within 5000 ms',
    );
    await vi.advanceTimersByTimeAsync(5_000);
    await rejected;
    expect(Date.now() - startMs).toBe(5_000);
  });

  it('rejects if both answers are empty', async () => {
    const rejected = expect(resolve(answer([], 1), answer([], 1))).rejects.toThrow(/without an address/);
    await vi.runAllTimersAsync();
    await rejected;
  });

  it('accepts a public address behind DNS64, and rejects one that is not public', async () => {
    const good = resolve(answer(['64:ff9b::5db8:d70e'], 1), answer([publicIpv4], 1));
    const bad = expect(resolve(answer(['64:ff9b::7f00:1'], 1), answer([publicIpv4], 1))).rejects.toThrow(
      /not public/,
    );
    await vi.runAllTimersAsync();
    expect((await good).addresses).toEqual(['64:ff9b::5db8:d70e', publicIpv4]);
    await bad;
  });
});
