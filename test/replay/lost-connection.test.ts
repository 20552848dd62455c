// The connection to the store is cut while a handler runs, after its effect and before its completion; and clocks that are wrong.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createReceiver, type ReplayStore } from '../../src/index.js';
import { createPostgresReplayStore } from '../../src/replay/postgres.js';
import { createRedisReplayStore } from '../../src/replay/redis.js';
import { createSignedRequest, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_the_cut_test';
const redisUrl = new URL(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
const postgresUrl = new URL(process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test');
const canReach = ({ hostname, port }: URL) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(Number(port), hostname, () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
const areThere = (await canReach(redisUrl)) && (await canReach(postgresUrl));
if (!areThere && process.env.CI === 'true') throw new Error('CI must have Postgres and Redis');

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A proxy to a server. `cut` destroys its connections and refuses new ones until `restore`. */
async function openWire(to: URL) {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(to.port), to.hostname);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.pipe(into);
      from.on('error', () => undefined);
      from.on('close', () => into.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      isCut = true;
      for (const socket of sockets) socket.destroy();
    },
    restore() {
      isCut = false;
    },
  };
}
type Wire = Awaited<ReturnType<typeof openWire>>;

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
const wireTo: Record<string, () => Promise<Wire>> = {
  redis: () => openWire(redisUrl),
  postgres: () => openWire(postgresUrl),
};

describe.skipIf(!areThere).each(['redis', 'postgres'])('a replay store on %s', (kind) => {
  it('answers 503 within its time limit if the connection is cut after the claim, and handles the event again after the lease', async () => {
    const wire = await wireTo[kind]!();
    const store = await open[kind]!(wire.port);
    const attempts: (number | undefined)[] = [];
    const receiver = createReceiver({ secret, replay: { store, leaseSeconds: 0.5, timeoutMs: 1_000 } }).onAny(
      async (_, { attempt }) => {
        attempts.push(attempt);
        await Promise.resolve();
        if (attempts.length === 1) wire.cut();
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

    wire.restore();
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
    const wire = await wireTo[kind]!();
    const store = await open[kind]!(wire.port);
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
