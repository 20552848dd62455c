import type { ReplayStore } from './store.js';

/** Options of {@link createMemoryReplayStore}. */
export interface MemoryReplayStoreOptions {
  /**
   * The largest number of ids to remember, each in about 120 bytes. A full store rejects claims (503) instead of forgetting ids, so
   * that no event is handled twice for lack of memory.
   * @default 100_000
   */
  maxEntries?: number | undefined;
  /** The clock, in milliseconds since 1970. @default Date.now */
  now?: (() => number) | undefined;
}

interface Claim {
  /** Undefined after a release: the entry is kept for its count of attempts. */
  token: string | undefined;
  leaseUntilMs: number;
  readonly attempt: number;
  readonly expiresAtMs: number;
}

/**
 * A claim, or the expiry of a handled id in milliseconds since the store was created. Nearly all ids are handled, and the garbage
 * collector does not visit a number that small: an object instead costs 3.6% more CPU time per event (bench/replay.mjs).
 */
type Entry = Claim | number;

/** A part of the ids, in the order of their claims, which is the order of their expiry if all have the same ttl. */
interface Shard {
  readonly entries: Map<string, Entry>;
  nextExpiryMs: number;
}

/** A growing Map copies itself, which takes a second at a million ids and a millisecond at this many. */
const idsPerShard = 8_192;
const maxShards = 1_024;
/** The most expired ids that one claim forgets, so that no claim waits for all of them. */
const idsPerStep = 256;

/** The ids of a store, in shards. */
interface Ids {
  /** The number of ids in all shards. */
  readonly size: number;
  shardOf(id: string): Shard;
  /** Adds an id behind all others of its shard, or moves it there. */
  append(shard: Shard, id: string, claim: Claim): void;
  /** Forgets a bounded number of expired ids of a shard, and returns whether there were any. */
  forgetExpired(shard: Shard, nowMs: number): boolean;
  /** Forgets a bounded number of expired ids of any shard. */
  forgetAnyExpired(nowMs: number): void;
}

/** Hashes the last characters, which differ most both in digests and in numbered ids. */
function hashOf(id: string): number {
  let hash = 0;
  for (let index = Math.max(0, id.length - 8); index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

function createIds(maxEntries: number, expiryOf: (entry: Entry) => number): Ids {
  const length = Math.min(maxShards, Math.ceil(maxEntries / idsPerShard));
  const shards: Shard[] = Array.from({ length }, () => ({
    entries: new Map(),
    nextExpiryMs: Infinity,
  }));
  let size = 0;

  function forgetExpired(shard: Shard, nowMs: number): boolean {
    if (nowMs < shard.nextExpiryMs) return false;
    shard.nextExpiryMs = Infinity;
    let forgotten = 0;
    for (const [id, entry] of shard.entries) {
      if (expiryOf(entry) > nowMs || forgotten === idsPerStep) {
        shard.nextExpiryMs = expiryOf(entry);
        break;
      }
      shard.entries.delete(id);
      forgotten += 1;
    }
    size -= forgotten;
    return forgotten > 0;
  }

  return {
    get size() {
      return size;
    },
    shardOf: (id) => shards[hashOf(id) % shards.length] as Shard,
    forgetExpired,
    append(shard, id, claim) {
      if (!shard.entries.delete(id)) size += 1;
      shard.entries.set(id, claim);
      shard.nextExpiryMs = Math.min(shard.nextExpiryMs, claim.expiresAtMs);
    },
    forgetAnyExpired(nowMs) {
      shards.some((shard) => forgetExpired(shard, nowMs));
    },
  };
}

/**
 * Creates a replay store in the memory of this process, for services of one process and for tests. A restart forgets which events
 * were handled, and several processes need a store that they share.
 *
 * The store has no timer, so it does not keep the process alive.
 *
 * @throws `TypeError` if `maxEntries` is not a whole number above 0.
 *
 * @example
 * const receiver = createReceiver({ secret, replay: { store: createMemoryReplayStore() } });
 */
export function createMemoryReplayStore(options: MemoryReplayStoreOptions = {}): ReplayStore {
  const { maxEntries = 100_000, now = Date.now } = options;
  if (!(Number.isInteger(maxEntries) && maxEntries > 0)) {
    throw new TypeError('maxEntries must be a whole number above 0.');
  }
  const epochMs = now();
  const expiryOf = (entry: Entry): number =>
    typeof entry === 'number' ? epochMs + entry : entry.expiresAtMs;
  const ids = createIds(maxEntries, expiryOf);
  let tokens = 0;

  /** Returns the claim if it has this token. An expired lease counts too, as long as no other claim of the id followed. */
  function owned(entry: Entry | undefined, token: string): Claim | undefined {
    const isOwned = typeof entry === 'object' && entry.token === token && entry.expiresAtMs > now();
    return isOwned ? entry : undefined;
  }

  return {
    claim(id, { leaseMs, ttlMs }) {
      const nowMs = now();
      const shard = ids.shardOf(id);
      ids.forgetExpired(shard, nowMs);
      const entry = shard.entries.get(id);
      let attempt = 1;
      if (entry === undefined) {
        if (ids.size >= maxEntries) ids.forgetAnyExpired(nowMs);
        if (ids.size >= maxEntries) {
          throw new Error(`The replay store is full: it remembers ${maxEntries} ids.`);
        }
      } else if (expiryOf(entry) > nowMs) {
        if (typeof entry === 'number') return { status: 'done' };
        const retryAfterMs = Math.min(entry.leaseUntilMs, entry.expiresAtMs) - nowMs;
        if (retryAfterMs > 0) return { status: 'busy', retryAfterMs };
        attempt += entry.attempt;
      }
      // A token never leaves this process, so it need not be hard to guess.
      tokens += 1;
      const token = String(tokens);
      ids.append(shard, id, { token, attempt, leaseUntilMs: nowMs + leaseMs, expiresAtMs: nowMs + ttlMs });
      return { status: 'claimed', token, attempt };
    },
    complete(id, token) {
      const { entries } = ids.shardOf(id);
      const claim = owned(entries.get(id), token);
      if (claim) entries.set(id, claim.expiresAtMs - epochMs);
      return claim !== undefined;
    },
    release(id, token) {
      const claim = owned(ids.shardOf(id).entries.get(id), token);
      if (claim) Object.assign(claim, { token: undefined, leaseUntilMs: 0 });
      return claim !== undefined;
    },
    extend(id, token, leaseMs) {
      const claim = owned(ids.shardOf(id).entries.get(id), token);
      if (claim) claim.leaseUntilMs = now() + leaseMs;
      return claim !== undefined;
    },
  };
}
