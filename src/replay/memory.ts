import type { ReplayStore } from './contract.js';

/** Options of {@link createMemoryReplayStore}. */
export interface MemoryReplayStoreOptions {
  /**
   * How many ids are remembered at once, each in about 120 bytes. A store that is full refuses claims (503), so
   * that nothing is handled twice for want of memory.
   * @default 100_000
   */
  maxEntries?: number | undefined;
  /** Milliseconds since 1970. @default Date.now */
  now?: (() => number) | undefined;
}

interface Claim {
  /** Undefined once it was released: it is kept for its count. */
  token: string | undefined;
  leaseUntilMs: number;
  readonly attempt: number;
  readonly expiresAtMs: number;
}

/**
 * A replay store in the memory of this process: for one process, and for tests. What it remembers is gone with the
 * process, so a restart forgets which events were handled; several processes need a store that they share.
 *
 * It has no timer, and keeps no process alive.
 *
 * @throws `TypeError` for a `maxEntries` that is not a whole number above 0.
 *
 * @example
 * const receiver = createReceiver({ secret, replay: { store: createMemoryReplayStore() } });
 */
export function createMemoryReplayStore(options: MemoryReplayStoreOptions = {}): ReplayStore {
  const { maxEntries = 100_000, now = Date.now } = options;
  if (!(Number.isInteger(maxEntries) && maxEntries > 0)) {
    throw new TypeError('maxEntries must be a whole number above 0.');
  }
  // An id is a claim until it is done. Done is nearly all there is, so of that only the end is kept, counted from the making
  // of the store: a number that small is no object of its own, which is what a garbage collector feels of a hundred thousand.
  const epochMs = now();
  const entries = new Map<string, Claim | number>();
  let tokens = 0;
  let nextExpiryMs = Infinity;

  const expiryOf = (entry: Claim | number): number =>
    typeof entry === 'number' ? epochMs + entry : entry.expiresAtMs;

  /** The ids stand in the order of their claims, and so of their expiry as long as all have the same ttl. */
  function forgetExpired(nowMs: number): void {
    if (nowMs < nextExpiryMs) return;
    nextExpiryMs = Infinity;
    for (const [id, entry] of entries) {
      if (expiryOf(entry) > nowMs) {
        nextExpiryMs = expiryOf(entry);
        return;
      }
      entries.delete(id);
    }
  }

  /** The claim, if it is this token's; a lease that has passed unnoticed is still its own. */
  function owned(id: string, token: string): Claim | undefined {
    const entry = entries.get(id);
    const isIts = typeof entry === 'object' && entry.token === token && entry.expiresAtMs > now();
    return isIts ? entry : undefined;
  }

  return {
    claim(id, { leaseMs, ttlMs }) {
      const nowMs = now();
      forgetExpired(nowMs);
      const entry = entries.get(id);
      let attempt = 1;
      if (entry !== undefined) {
        if (expiryOf(entry) > nowMs) {
          if (typeof entry === 'number') return { status: 'done' };
          const retryAfterMs = Math.min(entry.leaseUntilMs, entry.expiresAtMs) - nowMs;
          if (retryAfterMs > 0) return { status: 'busy', retryAfterMs };
          attempt += entry.attempt;
        }
        entries.delete(id);
      }
      if (entries.size >= maxEntries) {
        throw new Error(`The replay store is full: it remembers ${maxEntries} ids.`);
      }
      // Nobody but this process can hand in a token, so it need not be hard to guess.
      tokens += 1;
      const token = String(tokens);
      const expiresAtMs = nowMs + ttlMs;
      nextExpiryMs = Math.min(nextExpiryMs, expiresAtMs);
      entries.set(id, { token, attempt, leaseUntilMs: nowMs + leaseMs, expiresAtMs });
      return { status: 'claimed', token, attempt };
    },
    complete(id, token) {
      const claim = owned(id, token);
      if (claim) entries.set(id, claim.expiresAtMs - epochMs);
      return claim !== undefined;
    },
    release(id, token) {
      const claim = owned(id, token);
      if (claim) Object.assign(claim, { token: undefined, leaseUntilMs: 0 });
      return claim !== undefined;
    },
    extend(id, token, leaseMs) {
      const claim = owned(id, token);
      if (claim) claim.leaseUntilMs = now() + leaseMs;
      return claim !== undefined;
    },
  };
}
