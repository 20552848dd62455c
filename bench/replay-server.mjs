// One server of bench/replay.mjs, by the store of its replay protection. Tells its port, and then, when asked, how many events it
// has handled and how often it has asked its store's server.
import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createMemoryReplayStore, createReceiver } from '../dist/index.js';
import { createNodeHandler } from '../dist/node.js';
import { createPostgresReplayStore } from '../dist/replay-postgres.js';
import { createRedisReplayStore } from '../dist/replay-redis.js';
import { secret } from './samples.mjs';

let asked = 0;
let handled = 0;
const name = `hostwares_bench_${process.pid}`;

const stores = {
  none: () => undefined,
  memory: () => createMemoryReplayStore({ maxEntries: 10_000_000 }),
  redis() {
    const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    const call = (...args) => {
      asked += 1;
      return redis.call(...args);
    };
    return createRedisReplayStore({ call }, { prefix: `${name}:` });
  },
  async postgres() {
    const connectionString = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
    const pool = new pg.Pool({ connectionString, max: 10 });
    const query = (...args) => {
      asked += 1;
      return pool.query(...args);
    };
    const store = createPostgresReplayStore({ query }, { table: name });
    await store.migrate();
    asked = 0;
    return store;
  },
};

const store = await stores[process.argv[2]]();
const receiver = createReceiver({ secret, ...(store && { replay: { store } }) }).onAny(() => {
  handled += 1;
});
const server = createServer(createNodeHandler(receiver));
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('message', () => process.send({ asked, handled }));
process.on('disconnect', async () => {
  if (process.argv[2] === 'redis') {
    const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379');
    for await (const keys of redis.scanStream({ match: `${name}:*`, count: 10_000 })) {
      if (keys.length > 0) await redis.unlink(keys);
    }
  }
  if (process.argv[2] === 'postgres') {
    const client = new pg.Client({
      connectionString: process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test',
    });
    await client.connect();
    await client.query(`DROP TABLE ${name}`);
  }
  process.exit();
});
