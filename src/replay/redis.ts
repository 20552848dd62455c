/**
 * Keeps the ids of handled events in Redis, so that several processes handle an event once. Works with ioredis and
 * node-redis, on a single server or a cluster.
 *
 * @module replay/redis
 */
import { escapeText } from '../shared/escape-text.js';
import type { ReplayClaim, ReplayStore } from './store.js';

/** What is used of ioredis, a client or a cluster. */
export interface IoredisClient {
  call(command: string, ...args: string[]): Promise<unknown>;
}

/** What is used of node-redis, a client, a pool or a cluster. */
export interface NodeRedisClient {
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** Options of {@link createRedisReplayStore}. */
export interface RedisReplayStoreOptions {
  /**
   * Before every key. One for each service: with the same one, two that each get an event would run the handlers of only one.
   * @default 'hostwares:webhooks:'
   */
  prefix?: string | undefined;
}

// Each step is one script, and so one atomic operation on one key; it works on a cluster. An id is a hash: its token, which
// is empty once the event was handled, and until when the claim holds, by the server's clock, which all processes share.
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
// No claim has this token.
const releaseScript = ifOwned("redis.call('HSET', KEYS[1], 'token', 'released', 'lease', 0)");
const extendScript = nowMs + ifOwned("redis.call('HSET', KEYS[1], 'lease', now + ARGV[2])");

/**
 * A replay store in Redis (5 or later), shared by all processes that use it, with a client or cluster of ioredis or node-redis
 * that you have already. One key per event, 64 characters and the prefix, which expires by itself.
 *
 * What it remembers is as safe as that Redis: without persistence (`appendonly yes`) a restart forgets which events were
 * handled, and one that evicts keys must not (`maxmemory-policy noeviction`).
 *
 * @throws `TypeError` for something that is neither client.
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
  // `eval` alone says nothing: other clients' takes its arguments otherwise.
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
