/**
 * Keeps the ids of handled events in Redis, so that several processes handle an event once. Works with ioredis and
 * node-redis, on a single server or a cluster.
 *
 * @module replay/redis
 */
import { escapeText } from '../shared/escape-text.js';
import type { ReplayClaim, ReplayStore } from './store.js';

/** The part of an ioredis client or cluster that the store uses. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** The part of a node-redis client, pool or cluster that the store uses. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** Options of {@link createRedisReplayStore}. */
export interface RedisReplayStoreOptions {
  /**
   * The beginning of every key. Give each service its own: of two services that share a prefix and both receive an event, only one
   * would run its handlers.
   * @default 'hostwares:webhooks:'
   */
  prefix?: string | undefined;
}

// Each method is one script on one key, so it is atomic and works on a cluster. The key holds a hash: `token`, which is empty once the
// event is handled, `lease`, the end of the lease by the server's clock, which all processes share, and `attempt`.
const nowMs = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;
const claimScript = `${nowMs}local known = redis.call('HMGET', KEYS[1], 'token', 'lease')
if known[1] == '' then return 'done' end
if known[1] and tonumber(known[2]) > now then return tostring(tonumber(known[2]) - now) end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'lease', now + ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 'claimed ' .. redis.call('HINCRBY', KEYS[1], 'attempt', 1)`;
const ifOwned = (
  act: string,
): string => `if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return '0' end
${act}
return '1'`;
const completeScript = ifOwned("redis.call('HSET', KEYS[1], 'token', '')");
// `released` is the token of no claim.
const releaseScript = ifOwned("redis.call('HSET', KEYS[1], 'token', 'released', 'lease', 0)");
const extendScript = nowMs + ifOwned("redis.call('HSET', KEYS[1], 'lease', now + ARGV[2])");

/**
 * Creates a replay store in Redis (5 or later) that all processes share, on your own client or cluster of ioredis or node-redis. It
 * writes one key per event, of 64 characters after the prefix, which expires by itself.
 *
 * Configure Redis to keep its data: without persistence (`appendonly yes`) a restart forgets which events were handled, and so does
 * the eviction of keys (`maxmemory-policy noeviction` turns it off).
 *
 * @throws `TypeError` for any other client.
 *
 * @example
 * const redis = new Redis(process.env.REDIS_URL);
 * redis.on('error', (error) => console.error(`redis: ${error.message}`));
 * const store = createRedisReplayStore(redis, { prefix: 'billing:webhooks:' });
 * const receiver = createReceiver({ secret, replay: { store } });
 */
export function createRedisReplayStore(
  client: IoredisClient | NodeRedisClient,
  { prefix = 'hostwares:webhooks:' }: RedisReplayStoreOptions = {},
): ReplayStore {
  const given = client as { call?: unknown; sendCommand?: unknown; eval?: unknown } | undefined;
  // `eval` alone proves nothing: other clients have one with other parameters.
  const isNodeRedis = typeof given?.sendCommand === 'function' && typeof given.eval === 'function';
  if (typeof given?.call !== 'function' && !isNodeRedis) {
    throw new TypeError('createRedisReplayStore needs a client of ioredis or node-redis.');
  }

  async function run(script: string, id: string, ...args: string[]): Promise<string> {
    const key = prefix + escapeText(id);
    const answer = await ('call' in client
      ? client.call('EVAL', script, '1', key, ...args)
      : client.eval(script, { keys: [key], arguments: args }));
    return String(answer);
  }

  return {
    async claim(id, { leaseMs, ttlMs }): Promise<ReplayClaim> {
      const token = crypto.randomUUID();
      const whole = (ms: number): string => String(Math.ceil(ms));
      const answer = await run(claimScript, id, token, whole(leaseMs), whole(ttlMs));
      if (answer.startsWith('claimed '))
        return { status: 'claimed', token, attempt: Number(answer.slice(8)) };
      return answer === 'done' ? { status: 'done' } : { status: 'busy', retryAfterMs: Number(answer) };
    },
    complete: async (id, token) => (await run(completeScript, id, token)) === '1',
    release: async (id, token) => (await run(releaseScript, id, token)) === '1',
    extend: async (id, token, leaseMs) =>
      (await run(extendScript, id, token, String(Math.ceil(leaseMs)))) === '1',
  };
}
