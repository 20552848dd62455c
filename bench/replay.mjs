// What replay protection costs: the Node handler without it, and with each store, side by side. Every request is an event of its
// own, for a duplicate costs less. Needs wrk, and a Redis and a Postgres for their lines. --check holds the limit.
import { execFileSync, fork } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bodyOf, secret } from './samples.mjs';

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const seconds = Number(process.env.BENCH_SECONDS ?? 1);
/** More than can be sent in a second. */
const events = 100_000 * seconds;
// The goal; not reached yet (docs/replay.md), so the gate runs this without --check.
const limit = 0.95;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const template = bodyOf(400).toString();

let made = 0;

/** Whole requests, each with an id of its own, and a script that sends each once. */
function script() {
  const stamp = Math.floor(Date.now() / 1000);
  const requests = Array.from({ length: events }, () => {
    made += 1;
    const id = `evt_${String(made).padStart(16, '0')}`;
    const body = template.replace(/evt_[0-9a-f]{16}/, id);
    const mac = createHmac('sha256', secret).update(body).digest('hex');
    return [
      'POST / HTTP/1.1',
      'host: 127.0.0.1',
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-hostwares-signature: sha256=${mac}`,
      `x-hostwares-timestamp: ${stamp}`,
      '',
      body,
    ].join('\r\n');
  });
  const data = join(folder, 'requests');
  writeFileSync(data, requests.join('\0') + '\0');
  const file = join(folder, 'send.lua');
  writeFileSync(
    file,
    `local requests = {}
     local count = 0
     local next = 0
     function init()
       -- Nothing of them is garbage, and to look through them takes longer than the server.
       collectgarbage("stop")
       for each in io.open("${data}", "rb"):read("*a"):gmatch("([^%z]*)%z") do
         count = count + 1
         requests[count] = each
       end
     end
     function request()
       next = next + 1
       return requests[next] or requests[count]
     end`,
  );
  return file;
}

async function measure({ child, port, rates }, file) {
  child.send('count');
  const [before] = await once(child, 'message');
  const args = ['-t1', '-c32', `-d${seconds}s`, '-s', file, `http://127.0.0.1:${port}/`];
  const output = execFileSync('wrk', args, { encoding: 'utf8' });
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  child.send('count');
  const [after] = await once(child, 'message');
  const handled = after.handled - before.handled;
  if (handled >= events - 1) throw new Error('There were too few events for this machine.');
  rates.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]));
  return (after.asked - before.asked) / handled;
}

const servers = ['none', 'memory', 'redis', 'postgres'].map((name) => ({
  name,
  rates: [],
  means: [],
  ratios: [],
}));
const warmUps = Array.from({ length: Number(process.env.BENCH_WARM_UPS ?? 4) }, () => servers);
const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
try {
  for (let round = 1; round <= rounds; round += 1) {
    // New ones each round: what a store remembers would grow as it never does in a day.
    for (const server of servers) {
      server.child = fork(fileURLToPath(new URL('replay-server.mjs', import.meta.url)), [server.name]);
      [server.port] = await once(server.child, 'message');
      server.rates = [];
    }
    // Until all is compiled, which takes some seconds; then there and back, against the drift of the machine.
    for (const order of [...warmUps, servers, servers.toReversed()]) {
      const file = script();
      for (const server of order) server.asked = await measure(server, file);
    }
    for (const { child } of servers) child.disconnect();
    for (const server of servers) {
      server.means.push(mean(server.rates.slice(warmUps.length)));
      server.ratios.push(server.means.at(-1) / servers[0].means.at(-1));
    }
  }
} finally {
  for (const { child } of servers) if (child?.connected) child.disconnect();
  rmSync(folder, { recursive: true });
}

console.log(
  `createNodeHandler with replay protection, 400 B, keep-alive, 32 connections, Node ${process.versions.node}\n`,
);
console.log('| store | events/s | ratio | steps of the store per event |\n|---|--:|--:|--:|');
for (const { name, means, ratios, asked } of servers) {
  const steps = asked > 0 ? asked.toFixed(2) : '';
  console.log(
    `| ${name} | ${Math.round(median(means)).toLocaleString('en')} | ${median(ratios).toFixed(2)} | ${steps} |`,
  );
}
const memory = median(servers[1].ratios);
if (process.argv.includes('--check') && memory < limit) {
  console.error(`The memory store keeps ${memory.toFixed(2)} of the rate; the limit is ${limit}.`);
  process.exitCode = 1;
}
