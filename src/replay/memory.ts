import type { ReplayStore } from './contract.js';

/** Options of {@link createMemoryReplayStore}. */
export interface MemoryReplayStoreOptions {
  /**
   * How many ids are remembered at once, each in about 200 bytes. A store that is full rejects claims (503), so
   * that nothing is handled twice for want of memory.
   * @default 100_000
   */
  maxEntries?: number;
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number;
}

interface Entry {
  /** Undefined once it is done, empty once it was released. */
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
  // In the order of their claims, and so of their expiry as long as all have the same ttl.
  const entries = new Map<string, Entry>();
  let claims = 0;

  function forgetExpired(nowMs: number): void {
    for (const [id, { expiresAtMs }] of entries) {
      if (expiresAtMs > nowMs) return;
      entries.delete(id);
    }
  }

  /** The entry, if the claim is this token's; a lease that has passed unnoticed is still its own. */
  function owned(id: string, token: string): Entry | undefined {
    const entry = entries.get(id);
    return entry?.token === token && entry.expiresAtMs > now() ? entry : undefined;
  }

  return {
    claim(id, { leaseMs, ttlMs }) {
      const nowMs = now();
      forgetExpired(nowMs);
      const entry = entries.get(id);
      if (entry) {
        if (entry.expiresAtMs > nowMs) {
          if (entry.token === undefined) return Promise.resolve({ status: 'done' });
          const retryAfterMs = entry.leaseUntilMs - nowMs;
          if (retryAfterMs > 0) return Promise.resolve({ status: 'busy', retryAfterMs });
        }
        entries.delete(id);
      }
      if (entries.size >= maxEntries) {
        return Promise.reject(new Error(`The replay store is full: it remembers ${maxEntries} ids.`));
      }
      // Nobody but this process can hand in a token, so it need not be hard to guess.
      claims += 1;
      const token = String(claims);
      const attempt = (entry?.attempt ?? 0) + 1;
      entries.set(id, { token, attempt, leaseUntilMs: nowMs + leaseMs, expiresAtMs: nowMs + ttlMs });
      return Promise.resolve({ status: 'claimed', token, attempt });
    },
    complete(id, token) {
      const entry = owned(id, token);
      if (entry) entry.token = undefined;
      return Promise.resolve(entry !== undefined);
    },
    release(id, token) {
      const entry = owned(id, token);
      if (entry) Object.assign(entry, { token: '', leaseUntilMs: 0 });
      return Promise.resolve(entry !== undefined);
    },
    extend(id, token, leaseMs) {
      const entry = owned(id, token);
      if (entry) entry.leaseUntilMs = now() + leaseMs;
      return Promise.resolve(entry !== undefined);
    },
  };
}
