// Measures the cost of a long backlog: memory per waiting delivery, the time to start, and the time of a claim.
// BENCH_BACKLOG=1000000 is the full run; --check fails if a limit is exceeded.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSqliteStore } from '../dist/sender-sqlite.js';
import { createSender } from '../dist/sender.js';

const endpoints = 100;
const copies = 5;
const quiet = { send: async () => ({ status: 200, timings: { totalMs: 0 } }), close: async () => {} };
const open = (path) => {
  const store = createSqliteStore({ path, synchronous: 'normal' });
  return { store, sender: createSender({ store, transport: quiet, allowPrivateNetwork: true }) };
};
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const rss = () => {
  globalThis.gc();
  return process.memoryUsage().rss;
};

async function fill(path, wanted) {
  const count = Number(wanted);
  const { store, sender } = open(path);
  for (let each = 0; each < endpoints; each += 1) {
    const url = `http://127.0.0.1:1/${each}`;
    await sender.createEndpoint({
      url,
      events: ['*'],
      accountId: `acc_${each}`,
      secret: 'whsec_of_the_benchmark',
    });
  }
  // Memory is measured from here on: a process that has warmed up grows only for the deliveries that wait.
  const warm = Math.min(20_000, count);
  let before = 0;
  for (let done = 0; done < count; done += 1_000) {
    const batch = Array.from({ length: Math.min(1_000, count - done) }, (_, each) =>
      sender.publish({
        event: 'deployment.completed',
        account_id: `acc_${each % endpoints}`,
        data: {
          site_id: 's',
          site_name: 'shop',
          status: 'RUNNING',
          deployment_id: 'd',
          duration_seconds: 1,
          note: 'x'.repeat(200),
        },
      }),
    );
    await Promise.all(batch);
    if (done + 1_000 === warm) before = rss();
  }
  const bytes = (rss() - before) / (count - warm);
  await store.close();
  return { bytes };
}

async function startUp(path) {
  const begunMs = performance.now();
  const { store, sender } = open(path);
  // Nothing is claimed: this measures the time until a claim is possible.
  store.claim = async () => ({ claims: [], processed: 0 });
  await sender.start();
  await store.nextAlarmMs(Date.now());
  const startMs = performance.now() - begunMs;
  await sender.stop();
  await store.close();
  return { startMs };
}

const begin = ({ delivery, endpoint }) => ({
  delivery: {
    ...delivery,
    status: 'attempting',
    attempts: 1,
    dueAtMs: null,
    token: 't',
    leaseUntilMs: 9e15,
  },
  attempt: {
    deliveryId: delivery.id,
    number: 1,
    url: endpoint.url,
    startedAtMs: 0,
    endedAtMs: null,
    outcome: 'pending',
    requestHeaders: null,
    result: null,
    nextAttemptAtMs: null,
    reason: null,
  },
});

async function timeOfClaim(store) {
  const begunMs = performance.now();
  const { claims } = await store.claim({
    lane: 'first',
    nowMs: Date.now(),
    limit: 8,
    accountCapacityOf: () => 512,
    capacityOf: () => 8,
    begin,
  });
  if (claims.length !== 8) throw new Error('nothing to claim');
  return performance.now() - begunMs;
}

// The stores take turns, so that other load on the machine affects both: a claim takes half a millisecond, and a store
// measured after the other was up to 1.5 times slower or faster for that reason alone. A thousand deliveries last for a
// hundred claims, so there are several small stores.
async function claim(few, full) {
  const { store: large } = open(full);
  const times = { small: [], large: [] };
  for (let copy = 0; copy < copies; copy += 1) {
    const { store: small } = open(`${few}.${copy}`);
    for (let each = 0; each < 100; each += 1) {
      const smallMs = await timeOfClaim(small);
      const largeMs = await timeOfClaim(large);
      if (each < 20) continue;
      times.small.push(smallMs);
      times.large.push(largeMs);
    }
    await small.close();
  }
  await large.close();
  return { smallMs: median(times.small), largeMs: median(times.large) };
}

const parts = { fill, startUp, claim };
const [part, path, other] = process.argv.slice(2);
if (part in parts) {
  process.send(await parts[part](path, other));
  process.disconnect();
} else {
  const run = async (...args) => {
    const child = fork(fileURLToPath(import.meta.url), args.map(String), {
      execArgv: ['--expose-gc'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    });
    const [result] = await once(child, 'message');
    await once(child, 'exit');
    return result;
  };
  const many = Number(process.env.BENCH_BACKLOG ?? 1_000_000);
  const folder = mkdtempSync(join(tmpdir(), 'hostwares-backlog-'));
  const few = join(folder, 'few.db');
  const full = join(folder, 'many.db');
  await run('fill', few, 1_000);
  const { bytes } = await run('fill', full, many);
  const { startMs } = await run('startUp', full);
  // The process that filled the small store has closed it, so its one file contains everything.
  for (let copy = 0; copy < copies; copy += 1) copyFileSync(few, `${few}.${copy}`);
  const { smallMs, largeMs } = await run('claim', few, full);
  rmSync(folder, { recursive: true });
  const ratio = largeMs / smallMs;
  console.log(`${many} waiting deliveries on SQLite, Node ${process.version}`);
  const rows = [
    ['memory per waiting delivery', `${bytes.toFixed(0)} B`, bytes <= 700, '700 B'],
    ['open and start', `${startMs.toFixed(0)} ms`, startMs <= 2_000, '2000 ms'],
    ['claim of 8, ratio to 1,000', `${ratio.toFixed(2)} ×`, ratio <= 1.5, '1.5 ×'],
  ];
  for (const [name, value, met, limit] of rows) {
    console.log(`${name.padEnd(30)}${value.padStart(10)}   ${met ? 'within' : 'BEYOND'} ${limit}`);
  }
  console.log(`(claims take ${smallMs.toFixed(2)} and ${largeMs.toFixed(2)} ms, commit included)`);
  if (process.argv.includes('--check') && rows.some(([, , met]) => !met)) process.exitCode = 1;
}
