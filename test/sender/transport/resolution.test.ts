// How names become addresses: two families, name servers that drop queries, and answers that come late.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createUrlGuard } from '../../../src/sender/transport/url-guard.js';

const publicIpv4 = '93.184.215.14';
const publicIpv6 = '2606:4700::1111';

/** Answers after a time on the fake clock; never, if there is none. */
function answer(addresses: readonly string[], afterMs?: number): Promise<readonly string[]> {
  return new Promise((resolve) => {
    if (afterMs !== undefined) setTimeout(() => resolve(addresses), afterMs);
  });
}
const failure = (code: string): Promise<readonly string[]> =>
  Promise.reject(Object.assign(new Error(code), { code }));

/** Resolves a name whose families answer like this; the result has the time that it took. */
async function resolve(...families: Promise<readonly string[]>[]) {
  const startMs = Date.now();
  const resolution = await createUrlGuard(false, () => families).resolve('hook.example');
  return { ...resolution, tookMs: Date.now() - startMs };
}

describe('a name with two address families', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });

  it('is resolved to both when the second answer comes within 250 ms', async () => {
    const result = resolve(answer([publicIpv6], 200), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ addresses: [publicIpv6, publicIpv4], tookMs: 200 });
  });

  it.each([
    ['IPv6', answer.bind(undefined, [publicIpv4], 10), answer.bind(undefined, [publicIpv6], undefined)],
    ['IPv4', answer.bind(undefined, [publicIpv6], 10), answer.bind(undefined, [publicIpv4], undefined)],
  ])('does not wait for %s longer than 250 ms', async (_, prompt, silent) => {
    const result = resolve(silent(), prompt());
    await vi.advanceTimersByTimeAsync(260);
    const { tookMs, late } = await result;
    expect([tookMs, late instanceof Promise]).toEqual([260, true]);
    await vi.runAllTimersAsync();
  });

  it('does not take an empty answer for one that the other need not wait for', async () => {
    const result = resolve(answer([], 10), answer([publicIpv4], 2_000));
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ addresses: [publicIpv4], tookMs: 2_000 });
  });

  it('is resolved at once to one family when the other fails', async () => {
    const result = resolve(failure('ESERVFAIL'), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    expect(await result).toEqual({ addresses: [publicIpv4], tookMs: 10 });
  });

  it('gives the addresses of a late answer, checked', async () => {
    const result = resolve(answer([publicIpv6], 1_000), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    expect(await (await result).late).toEqual([publicIpv6]);
  });

  it('rejects a late answer that is not public', async () => {
    const result = resolve(answer(['::1'], 1_000), answer([publicIpv4], 10));
    await vi.runAllTimersAsync();
    const { addresses, late } = await result;
    expect(addresses).toEqual([publicIpv4]);
    await expect(late).rejects.toThrow(/not public/);
  });

  it('is rejected as soon as one answer is not public', async () => {
    const result = resolve(answer([publicIpv6]), answer([publicIpv4, '10.0.0.1'], 10));
    const rejected = expect(result).rejects.toThrow(/not public/);
    await vi.advanceTimersByTimeAsync(10);
    await rejected;
    await vi.runAllTimersAsync();
  });

  it('is given up 5 s after the question when no name server answers', async () => {
    const startMs = Date.now();
    const rejected = expect(resolve(answer([]), answer([]))).rejects.toThrow(
      'The name server did not answer within 5000 ms',
    );
    await vi.advanceTimersByTimeAsync(5_000);
    await rejected;
    expect(Date.now() - startMs).toBe(5_000);
  });

  it('has no address when both answers are empty', async () => {
    const rejected = expect(resolve(answer([], 1), answer([], 1))).rejects.toThrow(/without an address/);
    await vi.runAllTimersAsync();
    await rejected;
  });

  it('is public behind DNS64, and rejected when DNS64 wraps an address that is not', async () => {
    const good = resolve(answer(['64:ff9b::5db8:d70e'], 1), answer([publicIpv4], 1));
    const bad = expect(resolve(answer(['64:ff9b::7f00:1'], 1), answer([publicIpv4], 1))).rejects.toThrow(
      /not public/,
    );
    await vi.runAllTimersAsync();
    expect((await good).addresses).toEqual(['64:ff9b::5db8:d70e', publicIpv4]);
    await bad;
  });
});
