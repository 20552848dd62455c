import { describe, expect, it } from 'vitest';
import { createMemoryReplayStore } from '../../src/index.js';
import { createVirtualClock, replayStoreCases } from '../../src/testing/index.js';
import { countFor } from '../support/long.js';

describe('the memory replay store', () => {
  it.each(replayStoreCases)('$name', async ({ run }) => {
    const clock = createVirtualClock();
    const store = createMemoryReplayStore({ now: () => clock.now() });
    await run({ open: () => store, pass: async (ms) => clock.advance(ms) });
  });

  it('rejects claims while it is full, and accepts them after ids have expired', async () => {
    const clock = createVirtualClock();
    const store = createMemoryReplayStore({ maxEntries: 2, now: () => clock.now() });
    const times = { leaseMs: 10, ttlMs: 100 };
    await store.claim('a', times);
    await store.claim('b', times);
    expect(() => store.claim('c', times)).toThrow('full: it remembers 2 ids');
    // A full store still answers for the ids that it has.
    expect(await store.claim('a', times)).toMatchObject({ status: 'busy' });
    clock.advance(100);
    expect(await store.claim('c', times)).toMatchObject({ status: 'claimed' });
  });

  it('counts handled ids as entries until they expire', async () => {
    const clock = createVirtualClock();
    const store = createMemoryReplayStore({ maxEntries: 2, now: () => clock.now() });
    const times = { leaseMs: 10, ttlMs: 100 };
    for (const id of ['a', 'b']) {
      const claim = await store.claim(id, times);
      await store.complete(id, claim.status === 'claimed' ? claim.token : '');
    }
    expect(() => store.claim('c', times)).toThrow('full');
    clock.advance(99);
    expect(() => store.claim('c', times)).toThrow('full');
    clock.advance(1);
    expect(await store.claim('c', times)).toMatchObject({ status: 'claimed' });
    expect(await store.claim('a', times)).toMatchObject({ status: 'claimed', attempt: 1 });
  });

  it('frees the entry of each id when that id expires', async () => {
    const clock = createVirtualClock();
    const store = createMemoryReplayStore({ maxEntries: 2, now: () => clock.now() });
    const times = { leaseMs: 10, ttlMs: 100 };
    const free = { status: 'claimed' };
    expect(await store.claim('a', times)).toMatchObject(free);
    clock.advance(60);
    expect(await store.claim('b', times)).toMatchObject(free);
    expect(() => store.claim('c', times)).toThrow('full');
    clock.advance(40);
    expect(await store.claim('c', times)).toMatchObject(free);
    expect(() => store.claim('d', times)).toThrow('full');
    clock.advance(60);
    expect(await store.claim('d', times)).toMatchObject(free);
  });

  it('counts an id once, however often it is claimed and released', async () => {
    const store = createMemoryReplayStore({ maxEntries: 2 });
    const times = { leaseMs: 1_000, ttlMs: 10_000 };
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      const claim = await store.claim('a', times);
      expect(claim).toMatchObject({ status: 'claimed', attempt });
      await store.release('a', claim.status === 'claimed' ? claim.token : '');
    }
    expect(await store.claim('b', times)).toMatchObject({ status: 'claimed' });
  });

  it('accepts a claim in a full store if ids have expired in another part of it', async () => {
    const clock = createVirtualClock();
    // The smallest store with more than one part.
    const maxEntries = 8_193;
    const store = createMemoryReplayStore({ maxEntries, now: () => clock.now() });
    const times = { leaseMs: 10, ttlMs: 100 };
    // Ids without an odd digit all get into the same part.
    for (let number = 0; number < maxEntries; number += 1) {
      const id = number
        .toString(5)
        .padStart(8, '0')
        .replaceAll(/\d/g, (digit) => `${2 * Number(digit)}`);
      await store.claim(id, times);
    }
    expect(() => store.claim('00000001', times)).toThrow('full');
    clock.advance(100);
    expect(await store.claim('00000001', times)).toMatchObject({ status: 'claimed' });
  });

  describe('with a short ttl behind a longer one', () => {
    const long = { leaseMs: 10, ttlMs: 1_000 };
    const short = { leaseMs: 200, ttlMs: 100 };

    async function opened() {
      const clock = createVirtualClock();
      const store = createMemoryReplayStore({ maxEntries: 2, now: () => clock.now() });
      const claim = async (id: string, times: typeof long) => {
        const claimed = await store.claim(id, times);
        if (claimed.status !== 'claimed') throw new Error(claimed.status);
        return claimed;
      };
      return { clock, store, claim };
    }

    it('forgets a handled id when its own ttl has passed', async () => {
      const { clock, store, claim } = await opened();
      await store.complete('long', (await claim('long', long)).token);
      await store.complete('short', (await claim('short', short)).token);
      clock.advance(99);
      expect(await store.claim('short', short)).toEqual({ status: 'done' });
      clock.advance(1);
      const again = await claim('short', short);
      expect(again.attempt).toBe(1);
      await store.release('short', again.token);
      expect(await store.claim('short', short)).toMatchObject({ status: 'claimed', attempt: 2 });
      expect(await store.claim('long', long)).toEqual({ status: 'done' });
    });

    it('ends a claim with the ttl of its id, even if the lease is longer', async () => {
      const { clock, store, claim } = await opened();
      await claim('long', long);
      const { token } = await claim('short', short);
      expect(await store.claim('short', short)).toEqual({ status: 'busy', retryAfterMs: 100 });
      clock.advance(100);
      expect(await store.complete('short', token)).toBe(false);
      expect((await claim('short', short)).attempt).toBe(1);
    });
  });

  it('distinguishes ids that differ in a lone surrogate or in NUL', () => {
    const store = createMemoryReplayStore();
    for (const id of ['\ud800', '\ud801', '\ufffd', 'a\0b', 'a\0c'])
      expect(store.claim(id, { leaseMs: 10, ttlMs: 100 })).toMatchObject({ status: 'claimed' });
  });

  const maxEntries = countFor('REPLAY_ENTRIES', { short: 200_000, long: 2_000_000 });
  it(`expires ${maxEntries} ids in steps, so that each claim succeeds within 50 ms`, () => {
    let nowMs = 0;
    const store = createMemoryReplayStore({ maxEntries, now: () => nowMs });
    const times = { leaseMs: 10, ttlMs: 1_000 };
    // Completed at once, as nearly all ids of a store are.
    const claim = (id: number) => {
      const { status, token } = store.claim(`evt_${id}`, times) as { status: string; token: string };
      void store.complete(`evt_${id}`, token);
      return status;
    };
    for (let id = 0; id < maxEntries; id += 1) claim(id);
    expect(() => claim(maxEntries)).toThrow('full');
    nowMs = 1_000;
    // CPU time of this thread: other processes must not count.
    const spentMs = () => {
      const { user, system } = process.threadCpuUsage();
      return (user + system) / 1_000;
    };
    let longestMs = 0;
    for (let id = maxEntries; id < maxEntries + 10_000; id += 1) {
      const before = spentMs();
      expect(claim(id)).toBe('claimed');
      longestMs = Math.max(longestMs, spentMs() - before);
    }
    expect(longestMs).toBeLessThan(50);
  }, 60_000);

  it('accepts the largest whole number as maxEntries', () => {
    const store = createMemoryReplayStore({ maxEntries: Number.MAX_SAFE_INTEGER });
    expect(store.claim('a', { leaseMs: 10, ttlMs: 100 })).toMatchObject({ status: 'claimed' });
  });

  it.each([0, 1.5, Number.NaN, '9' as never])('rejects %s as maxEntries', (maxEntries) => {
    const create = () => createMemoryReplayStore({ maxEntries });
    expect(create).toThrow(TypeError);
    expect(create).toThrow('maxEntries must be a whole number above 0.');
  });
});
