// The Redis store on a cluster of three nodes, with both clients. Needs the program redis-server (7 or later).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Cluster, Redis } from 'ioredis';
import { createCluster } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRedisReplayStore } from '../../src/replay/redis.js';
import { replayStoreCases } from '../../src/testing/index.js';
import { hasRedisServer } from '../support/services.js';
import { sleep } from '../support/sleep.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const isThere = hasRedisServer();
const folder = temporaryFolder();
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.reverse()) await close();
});

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a node with a part of the 16,384 slots. */
async function startNode(firstSlot: number, lastSlot: number) {
  const [port, busPort] = [await freePort(), await freePort()];
  const process = spawn(
    'redis-server',
    [
      ...['--port', port, '--cluster-port', busPort, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--cluster-enabled', 'yes', '--cluster-config-file', `${port}.conf`],
    ].map(String),
    { stdio: 'ignore' },
  );
  const exit = once(process, 'exit');
  closing.push(() => (process.kill(), exit));
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null });
  client.on('error', () => undefined);
  closing.push(() => client.disconnect());
  await client.call('CLUSTER', 'SET-CONFIG-EPOCH', firstSlot + 1);
  await client.call('CLUSTER', 'ADDSLOTSRANGE', firstSlot, lastSlot);
  return { port, busPort, client };
}

describe.skipIf(!isThere)('the Redis replay store on a cluster', () => {
  let ports: number[];
  beforeAll(async () => {
    const nodes = [
      await startNode(0, 5_460),
      await startNode(5_461, 10_922),
      await startNode(10_923, 16_383),
    ];
    ports = nodes.map(({ port }) => port);
    for (const { client } of nodes) {
      for (const { port, busPort } of nodes) await client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort);
    }
    for (const { client } of nodes) {
      const isReady = async () => {
        const info = String(await client.call('CLUSTER', 'INFO'));
        return info.includes('cluster_state:ok') && info.includes('cluster_size:3');
      };
      while (!(await isReady())) await sleep(20);
    }
  }, 60_000);

  async function openIoredis() {
    const cluster = new Cluster(ports.map((port) => ({ host: '127.0.0.1', port })));
    closing.push(() => cluster.disconnect());
    return createRedisReplayStore(cluster);
  }
  async function openNodeRedis() {
    const cluster = createCluster({ rootNodes: ports.map((port) => ({ url: `redis://127.0.0.1:${port}` })) });
    await cluster.connect();
    closing.push(() => cluster.destroy());
    return createRedisReplayStore(cluster);
  }

  describe.each([
    ['ioredis', openIoredis],
    ['node-redis', openNodeRedis],
  ])('with %s', (_, open) => {
    it.each(replayStoreCases)('$name', ({ run }) => run({ open, pass: sleep }));

    it('finds each claimed id from any node', async () => {
      const store = await open();
      const ids = Array.from({ length: 100 }, () => crypto.randomUUID());
      const times = { leaseMs: 60_000, ttlMs: 60_000 };
      for (const id of ids) {
        const claim = await store.claim(id, times);
        expect(await store.complete(id, claim.status === 'claimed' ? claim.token : '')).toBe(true);
      }
      const again = await Promise.all(ids.map(async (id) => (await store.claim(id, times)).status));
      expect(new Set(again)).toEqual(new Set(['done']));
    });
  });
});
