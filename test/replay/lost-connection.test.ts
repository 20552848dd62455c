// The connection to the store is cut while a handler runs, after its effect and before its completion; and clocks that are wrong.
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiver, type ReplayStore } from '../../src/index.js';
import { createPostgresReplayStore } from '../../src/replay/postgres.js';
import { createRedisReplayStore } from '../../src/replay/redis.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';
import { openCuttableProxy, type CuttableProxy } from '../support/cuttable-proxy.js';
import { hasPostgres, hasRedis, postgresUrl, redisUrl } from '../support/services.js';

const secret = 'whsec_of_the_cut_test';
const areThere = (await hasPostgres()) && (await hasRedis());

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
afterEach(() => {
  vi.useRealTimers();
});

const suffix = crypto.randomUUID().slice(0, 8);
const open: Record<string, (port: number) => Promise<ReplayStore> | ReplayStore> = {
  redis(port) {
    const client = new Redis({ host: '127.0.0.1', port, retryStrategy: () => 20 });
    client.on('error', () => undefined);
    closing.push(() => client.disconnect());
    return createRedisReplayStore(client, { prefix: `hostwares:test:${suffix}:` });
  },
  async postgres(port) {
    const url = new URL(postgresUrl);
    url.hostname = '127.0.0.1';
    url.port = String(port);
    const pool = new pg.Pool({ connectionString: url.href, connectionTimeoutMillis: 2_000 });
    pool.on('error', () => undefined);
    closing.push(() => pool.end());
    const table = `hostwares_cut_${suffix}`;
    const store = createPostgresReplayStore(pool, { table });
    await store.migrate();
    closing.push(() => pool.query(`DROP TABLE IF EXISTS ${table}`));
    return store;
  },
};
async function openProxyTo(kind: string): Promise<CuttableProxy> {
  const proxy = await openCuttableProxy(kind === 'redis' ? redisUrl : postgresUrl);
  closing.push(() => proxy.close());
  return proxy;
}

describe.skipIf(!areThere).each(['redis', 'postgres'])('a replay store on %s', (kind) => {
  it('answers 503 within its time limit if the connection is cut after the claim, and handles the event again after the lease', async () => {
    const proxy = await openProxyTo(kind);
    const store = await open[kind]!(Number(proxy.url.port));
    const attempts: (number | undefined)[] = [];
    const receiver = createReceiver({ secret, replay: { store, leaseSeconds: 0.5, timeoutMs: 1_000 } }).onAny(
      async (_, { attempt }) => {
        attempts.push(attempt);
        await Promise.resolve();
        if (attempts.length === 1) proxy.cut();
      },
    );
    const event = sampleEvent('credits.low', {
      timestamp: new Date().toISOString(),
      id: `evt_${crypto.randomUUID()}`,
    });
    const send = async () => (await receiver.handle(await createSignedRequest(event, { secret }))).status;

    const startedMs = performance.now();
    expect(await send()).toBe(503);
    // No handler runs while the connection is cut.
    expect(await send()).toBe(503);
    expect(performance.now() - startedMs).toBeLessThan(4_000);
    expect(attempts).toEqual([1]);

    proxy.restore();
    const statuses: number[] = [];
    await vi.waitFor(
      async () => {
        statuses.push(await send());
        expect(statuses.at(-1)).toBe(200);
      },
      { timeout: 10_000, interval: 50 },
    );
    // ioredis keeps commands until it is connected again, so the completion of the first run may have been stored.
    expect([[1], [1, 2]]).toContainEqual(attempts);
    expect(statuses.slice(0, -1).every((status) => status === 409 || status === 503)).toBe(true);
    expect(await send()).toBe(200);
    expect(attempts.length).toBeLessThanOrEqual(2);
  });

  it("measures leases by the server's clock, not by that of the process", async () => {
    const proxy = await openProxyTo(kind);
    const store = await open[kind]!(Number(proxy.url.port));
    const id = crypto.randomUUID();
    const claimed = await store.claim(id, { leaseMs: 60_000, ttlMs: 120_000 });
    for (const hours of [-48, 48]) {
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 });
      const again = await store.claim(id, { leaseMs: 60_000, ttlMs: 120_000 });
      vi.useRealTimers();
      expect(again).toMatchObject({ status: 'busy' });
      expect((again as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(50_000);
      expect((again as { retryAfterMs: number }).retryAfterMs).toBeLessThanOrEqual(60_000);
    }
    expect(await store.complete(id, (claimed as { token: string }).token)).toBe(true);
  });
});
