// The Redis store with both clients, on the server of REDIS_URL or of this machine.
import { Redis } from 'ioredis';
import { createClient, createClientPool } from 'redis';
import { afterAll, describe, expect, it } from 'vitest';
import { createReceiver } from '../../src/index.js';
import { createRedisReplayStore } from '../../src/replay/redis.js';
import { createSignedRequest, replayStoreCases, sampleEvent } from '../../src/testing/index.js';
import { hasRedis, redisUrl } from '../support/services.js';
import { sleep } from '../support/sleep.js';

const prefix = `hostwares:test:${crypto.randomUUID()}:`;
const closing: (() => unknown)[] = [];
afterAll(() => Promise.all(closing.map((close) => close())));

const ioredis = (await hasRedis()) ? new Redis(redisUrl) : undefined;
const nodeRedis = createClient({ url: redisUrl });
if (ioredis) {
  closing.push(() => ioredis.quit());
  await nodeRedis.connect();
  closing.push(() => nodeRedis.close());
}

describe.skipIf(!ioredis).each([
  ['ioredis', () => createRedisReplayStore(ioredis!, { prefix })],
  ['node-redis', () => createRedisReplayStore(nodeRedis, { prefix })],
])('the Redis replay store with %s', (_, open) => {
  it.each(replayStoreCases)('$name', ({ run }) => run({ open, pass: sleep }));

  it('sets an expiry on every key', async () => {
    const store = open();
    const id = crypto.randomUUID();
    const claim = await store.claim(id, { leaseMs: 1_000, ttlMs: 60_000 });
    await store.complete(id, claim.status === 'claimed' ? claim.token : '');
    const left = await ioredis!.pttl(prefix + id);
    expect(left).toBeGreaterThan(50_000);
    expect(left).toBeLessThanOrEqual(60_000);
  });

  it('keeps the events of two prefixes apart', async () => {
    const id = crypto.randomUUID();
    const times = { leaseMs: 1_000, ttlMs: 1_000 };
    const other = createRedisReplayStore(ioredis!, { prefix: `${prefix}other:` });
    expect((await open().claim(id, times)).status).toBe('claimed');
    expect((await other.claim(id, times)).status).toBe('claimed');
    expect((await open().claim(id, times)).status).toBe('busy');
  });

  it('lets three receivers handle an event once', async () => {
    const runs: string[] = [];
    const receivers = [1, 2, 3].map(() =>
      createReceiver({ secret: 'whsec_of_the_redis_test', replay: { store: open() } }).onAny(({ id }) =>
        runs.push(id),
      ),
    );
    const event = sampleEvent('credits.low');
    const statuses: number[] = [];
    for (const receiver of [...receivers, ...receivers]) {
      const request = await createSignedRequest(event, { secret: 'whsec_of_the_redis_test' });
      statuses.push((await receiver.handle(request)).status);
    }
    expect(statuses).toEqual([200, 200, 200, 200, 200, 200]);
    expect(runs).toHaveLength(1);
  });
});

it('the receiver answers 503 within timeoutMs if Redis cannot be reached', async () => {
  const nobody = new Redis('redis://127.0.0.1:1', { retryStrategy: () => 50 });
  nobody.on('error', () => undefined);
  const receiver = createReceiver({
    secret: 'whsec_of_the_redis_test',
    replay: { store: createRedisReplayStore(nobody), timeoutMs: 200 },
  });
  const request = await createSignedRequest('credits.low', { secret: 'whsec_of_the_redis_test' });
  expect((await receiver.handle(request)).status).toBe(503);
  nobody.disconnect();
});

it.skipIf(!ioredis)('createRedisReplayStore accepts a pool of node-redis', async () => {
  const pool = createClientPool({ url: redisUrl });
  await pool.connect();
  const claim = await createRedisReplayStore(pool, { prefix }).claim('pooled', { leaseMs: 10, ttlMs: 10 });
  expect(claim.status).toBe('claimed');
  await pool.close();
});

// The last has the shape of Upstash's client.
it.each([undefined, {}, 'redis://127.0.0.1', { eval: () => 'claimed 1' }])(
  'createRedisReplayStore rejects %o as a client',
  (client) => {
    expect(() => createRedisReplayStore(client as never)).toThrow(TypeError);
  },
);
