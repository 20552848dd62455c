// One server of bench/replay.mjs: argv names the store of its replay protection and the folder of the build. It sends its port and
// then, on each message, the events it has handled, the calls to its store's server, and the CPU time it has used.
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createPostgresReplayStore } from '../dist/replay-postgres.js';
import { createRedisReplayStore } from '../dist/replay-redis.js';
import { secret } from './samples.mjs';

const [, , storeName, build] = process.argv;
const { createMemoryReplayStore, createReceiver } = await import(`${build}/index.js`);
const { createNodeHandler } = await import(`${build}/node.js`);

let calls = 0;
let handled = 0;
const name = `hostwares_bench_${process.pid}`;

const stores = {
  none: () => undefined,
  memory: () => createMemoryReplayStore({ maxEntries: 10_000_000 }),
  redis() {
    const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    const call = (...args) => {
      calls += 1;
      return redis.call(...args);
    };
    return createRedisReplayStore({ call }, { prefix: `${name}:` });
  },
  async postgres() {
    const connectionString = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
    const pool = new pg.Pool({ connectionString, max: 10 });
    pool.on('acquire', () => (calls += 1));
    const store = createPostgresReplayStore(pool, { table: name });
    await store.migrate();
    calls = 0;
    return store;
  },
};

const store = await stores[storeName]();
const receiver = createReceiver({ secret, ...(store && { replay: { store } }) }).onAny(() => {
  handled += 1;
});
const server = createServer(createNodeHandler(receiver));
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ calls, handled, cpuUs: user + system });
});
process.on('disconnect', async () => {
  if (storeName === 'redis') {
    const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    for await (const keys of redis.scanStream({ match: `${name}:*`, count: 10_000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  }
  if (storeName === 'postgres') {
    const client = new pg.Client({
      connectionString: process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test',
    });
    await client.connect();
    await client.query(`DROP TABLE ${name}`);
  }
  process.exit();
});
