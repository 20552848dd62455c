// Measures how fast events are delivered: by the sender on its stores, a bare HTTP client, fetch, and BullMQ on Redis.
// All on loopback, 400 bytes, 128 at once, each contender in a process of its own, the receiver in another.
// --check fails if a ratio is below its limit.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const events = Number(process.env.BENCH_EVENTS ?? 20_000);
const file = (name) => fileURLToPath(new URL(name, import.meta.url));

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a Redis that waits for the disk at each write, as SQLite does. */
async function startRedis(folder) {
  const port = await freePort();
  const options = [
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--save',
    '',
    '--maxmemory-policy',
    'noeviction',
  ];
  const redis = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...options],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const failed = once(redis, 'error').then(() => undefined);
  const ready = (async () => {
    for await (const chunk of redis.stdout)
      if (String(chunk).includes('Ready to accept')) return { redis, port };
    return undefined;
  })();
  return Promise.race([ready, failed]);
}

const sink = fork(file('sink.mjs'));
const [port] = await once(sink, 'message');

async function run(contender, redisPort) {
  const folder = mkdtempSync(join(tmpdir(), 'hostwares-bench-'));
  try {
    const child = fork(file('send-run.mjs'), [contender, String(port), String(events), folder], {
      env: { ...process.env, REDIS_PORT: String(redisPort), NODE_NO_WARNINGS: '1' },
    });
    const [result] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => {
        throw new Error(`${contender} ended without a result`);
      }),
    ]);
    await once(child, 'exit');
    return result;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const folder = mkdtempSync(join(tmpdir(), 'hostwares-redis-'));
const redis = await startRedis(folder);
if (!redis) {
  console.log('No redis-server on this machine: BullMQ is skipped.');
  if (process.env.CI === 'true') process.exitCode = 1;
}
const contenders = ['undici', 'fetch', 'memory', 'sqlite', ...(redis ? ['bullmq'] : [])];
const results = new Map(contenders.map((contender) => [contender, []]));
for (let round = 0; round < rounds; round += 1) {
  for (const contender of contenders) results.get(contender).push(await run(contender, redis?.port));
}
sink.disconnect();
if (redis) {
  redis.redis.kill();
  await once(redis.redis, 'exit');
}
rmSync(folder, { recursive: true });

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const medians = (field) =>
  Object.fromEntries(
    [...results].map(([contender, runs]) => [contender, median(runs.map((run) => run[field]))]),
  );
const rate = medians('perSecond');
const cpu = medians('cpuUs');
const names = {
  undici: 'bare undici loop',
  fetch: 'fetch loop, signed',
  memory: 'sender, memory store',
  sqlite: 'sender, SQLite (FULL)',
  bullmq: 'BullMQ + fetch, AOF always',
};
console.log(
  `Delivered per second and CPU per event, median of ${rounds}, ${events} events of 400 bytes, Node ${process.version}`,
);
for (const contender of contenders) {
  const rates = results.get(contender).map(({ perSecond }) => perSecond);
  const cpuUs = `${cpu[contender].toFixed(0)} µs`.padStart(8);
  console.log(
    `${names[contender].padEnd(30)}${String(rate[contender]).padStart(7)}${cpuUs}   (${rates.join(', ')})`,
  );
}
const ratios = [
  ['memory : undici', rate.memory / rate.undici, 0.5],
  ['memory : fetch', rate.memory / rate.fetch, 2],
  ['sqlite, per second', rate.sqlite, 5_000],
  ...(redis ? [['sqlite : BullMQ', rate.sqlite / rate.bullmq, 2.5]] : []),
];
for (const [name, value, limit] of ratios) {
  const isMet = value >= limit;
  console.log(
    `${name.padEnd(30)}${value.toFixed(value > 100 ? 0 : 2).padStart(7)}   ${isMet ? 'meets' : 'MISSES'} ${limit}`,
  );
  if (!isMet && process.argv.includes('--check')) process.exitCode = 1;
}
