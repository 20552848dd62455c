// The replay guard and the claim that it returns, without a receiver.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMemoryReplayStore, type ReplayStore } from '../../src/index.js';
import { createReplayGuard } from '../../src/replay/guard.js';

const nowMs = Date.parse('2026-01-31T08:00:00Z');
const event = (aheadMs = 0) => ({
  id: 'evt_1',
  account_id: 'acc_1',
  timestamp: new Date(nowMs + aheadMs).toISOString(),
});
const guardOf = (store: ReplayStore, more: object = {}) =>
  createReplayGuard({ store, ...more }, { toleranceSeconds: 300, now: () => nowMs });

let store: ReplayStore;
beforeEach(() => {
  store = createMemoryReplayStore({ now: () => nowMs });
});
afterEach(() => {
  vi.useRealTimers();
});

async function claimed(guard: ReturnType<typeof guardOf>) {
  const claim = await guard.claim(event());
  if (claim.status !== 'claimed') throw new Error(claim.status);
  return claim;
}

describe('the replay guard', () => {
  it.each([
    [-86_401_000, /^It is 86401 s old: /],
    [301_000, /^It is 301 s ahead: this machine's clock is slow\.$/],
  ])('rejects a timestamp %i ms ahead of the clock, and says how far away it is', async (aheadMs, hint) => {
    await expect(guardOf(store).claim(event(aheadMs))).rejects.toMatchObject({
      code: 'event_expired',
      message: 'The signed timestamp of the event is outside the window.',
      hint: expect.stringMatching(hint) as string,
    });
  });

  it('rejects an event whose claim is held, and says that it is being handled', async () => {
    await claimed(guardOf(store));
    await expect(guardOf(store).claim(event())).rejects.toMatchObject({
      code: 'duplicate_in_progress',
      message: 'The same event is being handled now.',
    });
  });

  it('rejects a malformed answer of the store with a TypeError', async () => {
    const wrong = { ...store, claim: () => ({ status: 'free' }) as never };
    await expect(guardOf(wrong).claim(event())).rejects.toThrow(
      'The replay store answered a claim with neither claimed, done nor busy.',
    );
  });

  it('releases nothing if the late answer is not a claim', async () => {
    const release = vi.fn(() => true);
    let answer: (claim: { status: 'busy'; retryAfterMs: number }) => void = () => undefined;
    const late = new Promise<{ status: 'busy'; retryAfterMs: number }>((resolve) => (answer = resolve));
    const slow = { ...store, claim: () => late, release };
    await expect(guardOf(slow, { timeoutMs: 5 }).claim(event())).rejects.toMatchObject({
      code: 'replay_store_unavailable',
    });
    answer({ status: 'busy', retryAfterMs: 1 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(release).not.toHaveBeenCalled();
  });
});

describe('a held claim', () => {
  it('has one heartbeat, however often it is started, and none after its release', async () => {
    vi.useFakeTimers();
    const extend = vi.fn(() => true);
    const claim = await claimed(guardOf({ ...store, extend }));
    claim.startHeartbeat();
    claim.startHeartbeat();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(extend).toHaveBeenCalledTimes(1);
    await claim.release();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('rejects the completion if it was lost, and says so', async () => {
    const claim = await claimed(guardOf({ ...store, complete: () => false }));
    await expect(claim.complete()).rejects.toMatchObject({
      code: 'duplicate_in_progress',
      message: 'The claim was lost while the event was handled.',
      retryAfterMs: 30_000,
    });
  });
});
