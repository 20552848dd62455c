// Measures whether endpoints that never respond slow down the others: the p99 from publishing to delivered, with and
// without one dead endpoint of one account among 100, or one dead account with 64 more endpoints.
// --check fails if the p99 is more than twice as long.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createSqliteStore } from '../dist/sender-sqlite.js';
import { createSender } from '../dist/sender.js';

const seconds = Number(process.env.BENCH_SECONDS ?? 8);
const perSecond = 1_000;
const deadEndpoints = 64;
const sink = fork(fileURLToPath(new URL('sink.mjs', import.meta.url)));
const [port] = await once(sink, 'message');
const folder = mkdtempSync(join(tmpdir(), 'hostwares-fairness-'));
const accountOf = (number) => `acc_${number % 100}`;
const event = (accountId) => ({ event: 'credits.low', account_id: accountId, data: { balance: 1 } });

async function addEndpoint(sender, accountId, path) {
  const { id } = await sender.createEndpoint({
    url: `http://127.0.0.1:${port}/${path}`,
    events: ['*'],
    accountId,
    secret: 'whsec_of_the_benchmark',
  });
  return id;
}

/** Prepares each scenario. An endpoint must respond to the ping when it is saved, and may hang afterwards. */
const scenarios = {
  'all healthy': async () => {},
  'one endpoint dead': async (sender, first) => {
    await sender.updateEndpoint(first, { url: `http://127.0.0.1:${port}/dead` });
  },
  'one account dead': async (sender, first) => {
    const ids = [first];
    for (let each = 0; each < deadEndpoints; each += 1)
      ids.push(await addEndpoint(sender, 'acc_0', `more/${each}`));
    for (const id of ids) await sender.updateEndpoint(id, { url: `http://127.0.0.1:${port}/dead` });
  },
};

async function run(name, scenario) {
  const store = createSqliteStore({ path: join(folder, `${name}.db`) });
  const sender = createSender({ store, allowPrivateNetwork: true });
  const first = await addEndpoint(sender, accountOf(0), '0');
  for (let each = 1; each < 100; each += 1) await addEndpoint(sender, accountOf(each), String(each));
  await scenario(sender, first);
  const begun = new Map();
  const times = [];
  const settle = store.settle;
  store.settle = async (settlements) => {
    await settle(settlements);
    for (const { deliveryId } of settlements) {
      const at = begun.get(deliveryId);
      if (at !== undefined) times.push(performance.now() - at);
    }
  };
  await sender.start();
  const startMs = performance.now();
  for (let number = 0; number < seconds * perSecond; number += 1) {
    const dueMs = startMs + (number * 1_000) / perSecond;
    while (performance.now() < dueMs) await new Promise((resolve) => setImmediate(resolve));
    const at = performance.now();
    void sender.publish(event(accountOf(number))).then(({ deliveries: [delivery] }) => {
      if (number % 100 !== 0) begun.set(delivery.id, at);
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  await sender.stop({ drainMs: 0 });
  await store.close();
  const sorted = times.toSorted((a, b) => a - b);
  return {
    count: times.length,
    p50: sorted[Math.floor(times.length * 0.5)],
    p99: sorted[Math.floor(times.length * 0.99)],
  };
}

await run('warm-up', scenarios['all healthy']);
const results = new Map(Object.keys(scenarios).map((name) => [name, []]));
for (let round = 0; round < 5; round += 1) {
  for (const [name, scenario] of Object.entries(scenarios)) {
    results.get(name).push(await run(`${name}-${round}`, scenario));
  }
}
sink.disconnect();
rmSync(folder, { recursive: true });
/** The median of five rounds: other load on the machine hits one or two of them. */
const medianRound = (rounds) => rounds.toSorted((a, b) => a.p99 - b.p99)[2];
const baseline = medianRound(results.get('all healthy'));
console.log(
  `From publishing to delivered, ${perSecond} events a second to 100 accounts, SQLite, Node ${process.version}`,
);
for (const [name, rounds] of results) {
  const { count, p50, p99 } = medianRound(rounds);
  const ratio = p99 / baseline.p99;
  const times = `p50 ${p50.toFixed(1)} ms   p99 ${p99.toFixed(1)} ms   (${count} deliveries of the other 99)`;
  console.log(`${name.padEnd(20)}${times}   ${ratio.toFixed(2)} ×   ${ratio <= 2 ? 'within' : 'BEYOND'} 2 ×`);
  if (process.argv.includes('--check') && ratio > 2) process.exitCode = 1;
}
