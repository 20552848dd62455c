// One call to a replay store: its time limit and its failures.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { callStore } from '../../src/replay/call-store.js';

afterEach(() => {
  vi.useRealTimers();
});

describe('callStore', () => {
  it('returns a value without setting a timer', async () => {
    vi.useFakeTimers();
    const setTimeout = vi.spyOn(globalThis, 'setTimeout');
    expect(await callStore(() => 'value', 1_000)).toBe('value');
    expect(await callStore(() => undefined, 1_000)).toBeUndefined();
    expect(setTimeout).not.toHaveBeenCalled();
  });

  it('resolves with the value of a promise and leaves no timer', async () => {
    vi.useFakeTimers();
    expect(await callStore(() => Promise.resolve('value'), 1_000)).toBe('value');
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('down'))],
  ])('fails with replay_store_unavailable and the cause if the store %s', async (_, call) => {
    await expect(callStore(call, 1_000)).rejects.toMatchObject({
      code: 'replay_store_unavailable',
      message: 'The replay store did not answer.',
      hint: 'The event is not lost: the platform retries it. Check the store.',
      cause: { message: 'down' },
    });
  });

  it('fails with replay_store_unavailable after the time limit, and names the limit in the cause', async () => {
    const silent = () => new Promise<never>(() => undefined);
    await expect(callStore(silent, 5)).rejects.toMatchObject({
      code: 'replay_store_unavailable',
      cause: {
        code: 'replay_store_unavailable',
        message: expect.stringContaining('replay store') as string,
      },
    });
  });
});
