import type { ReplayStore } from './contract.js';

/** Options of {@link createMemoryReplayStore}. */
export interface MemoryReplayStoreOptions {
  /**
   * How many ids are remembered at once, each in about 120 bytes. A full store rejects claims (503) instead of forgetting, so
   * that no event is handled twice for lack of memory.
   * @default 100_000
   */
  maxEntries?: number | undefined;
  /** Milliseconds since 1970. @default Date.now */
  now?: (() => number) | undefined;
}

interface Claim {
  /** Undefined after a release: the claim is kept for its count. */
  token: string | undefined;
  leaseUntilMs: number;
  readonly attempt: number;
  readonly expiresAtMs: number;
}

/**
 * An id is a claim until it is done. Nearly all ids are done, and a done id needs only its expiry, in milliseconds since the store
 * was created: a number that small is no heap object, which the garbage collector would have to visit.
 */
type Entry = Claim | number;

/** Some of the ids, in the order of their claims, which is the order of their expiry if all have the same ttl. */
interface Shard {
  readonly entries: Map<string, Entry>;
  nextExpiryMs: number;
}

/**
 * A Map that grows copies itself: at a million ids that takes a second. So there are many small ones, and when ids are added beyond this
 * many for each, one of them is split in two (linear hashing).
 */
const idsPerShard = 512;
/** How many expired ids one claim forgets, so that none waits for all of them. */
const idsPerStep = 256;

/** The ids of a store, in shards. */
interface Ids {
  /** How many are remembered. */
  readonly size: number;
  get(id: string): Entry | undefined;
  /** Puts an id behind all others. */
  append(id: string, claim: Claim): void;
  /** Replaces the entry of an id that is there, and leaves it where it is. */
  replace(id: string, entry: Entry): void;
  /** Forgets expired ids beside this one, a bounded number of them. */
  forgetExpiredNear(id: string, nowMs: number): void;
  /** Forgets some expired ids, wherever they are. */
  forgetAnyExpired(nowMs: number): void;
}

/** Of the last characters: they differ most, in hashes and in numbered ids. */
function hashOf(id: string): number {
  let hash = 0;
  for (let index = Math.max(0, id.length - 8); index < id.length; index += 1) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  // The lowest bits choose the shard, and must depend on all others.
  return Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 12;
}

const createShard = (): Shard => ({ entries: new Map(), nextExpiryMs: Infinity });

function createIds(expiryOf: (entry: Entry) => number): Ids {
  const shards: Shard[] = [createShard()];
  /** The largest power of two that is not above the number of shards. */
  let roundSize = 1;
  let size = 0;

  function shardOf(id: string): Shard {
    const hash = hashOf(id);
    const index = hash & (2 * roundSize - 1);
    return shards[index < shards.length ? index : index - roundSize] as Shard;
  }

  /** Splits the next shard of the round: half of its ids have the new shard's index from now on. */
  function split(): void {
    const index = shards.length - roundSize;
    const old = shards[index] as Shard;
    shards[index] = createShard();
    shards.push(createShard());
    for (const [id, entry] of old.entries) put(shardOf(id), id, entry);
    if (shards.length === 2 * roundSize) roundSize *= 2;
  }

  function put(shard: Shard, id: string, entry: Entry): void {
    shard.entries.set(id, entry);
    shard.nextExpiryMs = Math.min(shard.nextExpiryMs, expiryOf(entry));
  }

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
    get: (id) => shardOf(id).entries.get(id),
    append(id, claim) {
      const shard = shardOf(id);
      if (!shard.entries.delete(id)) size += 1;
      put(shard, id, claim);
      if (size > shards.length * idsPerShard) split();
    },
    replace(id, entry) {
      shardOf(id).entries.set(id, entry);
    },
    forgetExpiredNear(id, nowMs) {
      forgetExpired(shardOf(id), nowMs);
    },
    forgetAnyExpired(nowMs) {
      shards.some((shard) => forgetExpired(shard, nowMs));
    },
  };
}

/**
 * Creates a replay store in the memory of this process: for one process, and for tests. A restart forgets which events were
 * handled; several processes need a store that they share.
 *
 * It has no timer, and keeps no process alive.
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
  const ids = createIds(expiryOf);
  let tokens = 0;

  /** The claim, if it belongs to this token; a lease that has passed unnoticed still does. */
  function owned(id: string, token: string): Claim | undefined {
    const entry = ids.get(id);
    const isOwned = typeof entry === 'object' && entry.token === token && entry.expiresAtMs > now();
    return isOwned ? entry : undefined;
  }

  return {
    claim(id, { leaseMs, ttlMs }) {
      const nowMs = now();
      ids.forgetExpiredNear(id, nowMs);
      const entry = ids.get(id);
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
      // Only this process can hand in a token, so it need not be hard to guess.
      tokens += 1;
      const token = String(tokens);
      ids.append(id, { token, attempt, leaseUntilMs: nowMs + leaseMs, expiresAtMs: nowMs + ttlMs });
      return { status: 'claimed', token, attempt };
    },
    complete(id, token) {
      const claim = owned(id, token);
      if (claim) ids.replace(id, claim.expiresAtMs - epochMs);
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
