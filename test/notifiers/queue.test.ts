// The order of messages at one destination.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFifoMutex } from '../../src/notifiers/delivery/queue.js';

const signal = new AbortController().signal;
const later = () => Date.now() + 10_000;

/** Records whether a promise has settled. */
function watch(promise: Promise<unknown>) {
  const state = { settled: false };
  const settle = () => {
    state.settled = true;
  };
  promise.then(settle, settle);
  return state;
}

describe('createFifoMutex', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('admits the next caller when the holder releases, and leaves no timer', async () => {
    const mutex = createFifoMutex();
    const release = await mutex.acquire(later(), signal);
    const next = mutex.acquire(later(), signal);
    const state = watch(next);
    await vi.advanceTimersByTimeAsync(0);
    expect(state.settled).toBe(false);
    release();
    await next;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('admits the next caller at the deadline of a holder that never releases', async () => {
    const mutex = createFifoMutex();
    await mutex.acquire(later(), signal);
    const state = watch(mutex.acquire(later() + 5_000, signal));
    await vi.advanceTimersByTimeAsync(9_999);
    expect(state.settled).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(state.settled).toBe(true);
  });

  it("keeps the third caller waiting if the second was admitted by the first's release", async () => {
    const mutex = createFifoMutex();
    const first = await mutex.acquire(later(), signal);
    const second = mutex.acquire(later(), signal);
    first();
    await second;
    const third = watch(mutex.acquire(later(), signal));
    await vi.advanceTimersByTimeAsync(0);
    expect(third.settled).toBe(false);
  });

  it('rejects with the reason when the signal of a waiting caller fires', async () => {
    const mutex = createFifoMutex();
    await mutex.acquire(later(), signal);
    const controller = new AbortController();
    const waiting = mutex.acquire(later(), controller.signal);
    const rejected = expect(waiting).rejects.toThrow('given up');
    controller.abort(new Error('given up'));
    await rejected;
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(['before', 'while'])(
    'keeps the order if a caller in between gives up %s it waits, and admits its successor',
    async (when) => {
      const mutex = createFifoMutex();
      const release = await mutex.acquire(later(), signal);
      const controller = new AbortController();
      if (when === 'before') controller.abort(new Error('given up'));
      const rejected = expect(mutex.acquire(later(), controller.signal)).rejects.toThrow('given up');
      const successor = watch(mutex.acquire(later(), signal));
      controller.abort(new Error('given up'));
      await rejected;
      await vi.advanceTimersByTimeAsync(0);
      expect(successor.settled).toBe(false);
      release();
      await vi.advanceTimersByTimeAsync(0);
      expect(successor.settled).toBe(true);
    },
  );

  it('admits a caller at once after one that gave up without a predecessor', async () => {
    const mutex = createFifoMutex();
    const controller = new AbortController();
    controller.abort(new Error('given up'));
    await expect(mutex.acquire(later(), controller.signal)).rejects.toThrow('given up');
    const next = watch(mutex.acquire(later(), signal));
    await vi.advanceTimersByTimeAsync(0);
    expect(next.settled).toBe(true);
  });

  it('removes its listener from the signal after the wait', async () => {
    const mutex = createFifoMutex();
    const release = await mutex.acquire(later(), signal);
    const waiting = new AbortController().signal;
    const added = vi.spyOn(waiting, 'addEventListener');
    const removed = vi.spyOn(waiting, 'removeEventListener');
    const next = mutex.acquire(later(), waiting);
    release();
    await next;
    expect(removed.mock.calls).toEqual(added.mock.calls);
    expect(added).toHaveBeenCalledExactlyOnceWith('abort', expect.any(Function));
  });
});
