import { describe, expect, it } from 'vitest';
import { createMemoryReplayStore } from '../../src/index.js';
import { createVirtualClock, replayStoreCases } from '../../src/testing/index.js';

describe('the memory replay store', () => {
  it.each(replayStoreCases)('$name', async ({ run }) => {
    const clock = createVirtualClock();
    const store = createMemoryReplayStore({ now: () => clock.now() });
    await run({ open: () => store, pass: async (ms) => clock.advance(ms) });
  });

  it('refuses claims while it is full, and takes them again when ids have expired', async () => {
    const clock = createVirtualClock();
    const store = createMemoryReplayStore({ maxEntries: 2, now: () => clock.now() });
    const times = { leaseMs: 10, ttlMs: 100 };
    await store.claim('a', times);
    await store.claim('b', times);
    await expect(store.claim('c', times)).rejects.toThrow('full: it remembers 2 ids');
    // One that is known is answered all the same.
    expect(await store.claim('a', times)).toMatchObject({ status: 'busy' });
    clock.advance(100);
    expect(await store.claim('c', times)).toMatchObject({ status: 'claimed' });
  });

  it.each([0, 1.5, Number.NaN, '9' as never])('refuses %s entries', (maxEntries) => {
    expect(() => createMemoryReplayStore({ maxEntries })).toThrow(TypeError);
  });
});
