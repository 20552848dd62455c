// Whether one dead endpoint among 100 slows the others: their p99 from publishing to delivered, with and without.
// --check fails where it does.
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
const sink = fork(fileURLToPath(new URL('sink.mjs', import.meta.url)));
const [port] = await once(sink, 'message');
const folder = mkdtempSync(join(tmpdir(), 'hostwares-fairness-'));

async function run(name, dead) {
  const store = createSqliteStore({ path: join(folder, `${name}.db`) });
  const sender = createSender({ store, allowPrivateNetwork: true });
  for (let each = 0; each < 100; each += 1) {
    // It answers until it is saved, and never again.
    const { id } = await sender.createEndpoint({
      url: `http://127.0.0.1:${port}/${each}`,
      events: ['*'],
      accountId: `acc_${each}`,
      secret: 'whsec_of_the_benchmark',
    });
    if (each === 0 && dead) await sender.updateEndpoint(id, { url: `http://127.0.0.1:${port}/dead` });
  }
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
    const event = { event: 'credits.low', account_id: `acc_${number % 100}`, data: { balance: 1 } };
    void sender.publish(event).then(({ deliveries: [delivery] }) => {
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

await run('warm-up', false);
const rounds = { without: [], with: [] };
for (let round = 0; round < 5; round += 1) {
  rounds.without.push(await run(`without-${round}`, false));
  rounds.with.push(await run(`with-${round}`, true));
}
sink.disconnect();
rmSync(folder, { recursive: true });
/** Of five rounds the middle one: whatever else the machine does hits one or two of them. */
const middle = (results) => results.toSorted((a, b) => a.p99 - b.p99)[2];
const without = middle(rounds.without);
const withDead = middle(rounds.with);
const ratio = withDead.p99 / without.p99;
console.log(
  `From publishing to delivered, ${perSecond} events a second to 100 endpoints, SQLite, Node ${process.version}`,
);
for (const [name, { count, p50, p99 }] of [
  ['all well', without],
  ['one of them dead', withDead],
]) {
  console.log(
    `${name.padEnd(20)}p50 ${p50.toFixed(1)} ms   p99 ${p99.toFixed(1)} ms   (${count} of the other 99)`,
  );
}
console.log(`${ratio.toFixed(2)} ×   ${ratio <= 2 ? 'within' : 'BEYOND'} 2 ×`);
if (process.argv.includes('--check') && ratio > 2) process.exitCode = 1;
