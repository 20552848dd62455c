// Requests per second over loopback with keep-alive, servers side by side: medians of interleaved rounds.
// Needs wrk (Debian: apt-get install wrk).
import { execFileSync, fork } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serverNames } from './http-server.mjs';
import { bodyOf, headersOf, secret } from './samples.mjs';

const rounds = Number(process.env.BENCH_ROUNDS ?? 9);
const seconds = Number(process.env.BENCH_SECONDS ?? 3);
const body = bodyOf(400);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const folder = mkdtempSync(join(tmpdir(), 'bench-'));

/** Stamped anew for each round, since a server refuses what is older than five minutes. */
function script() {
  const { connection, host, 'content-length': length, ...headers } = headersOf(body);
  const octokit = {
    'x-github-event': 'ping',
    'x-github-delivery': '1',
    'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  };
  const lines = Object.entries({ ...headers, ...octokit }).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  const file = join(folder, 'post.lua');
  writeFileSync(file, `wrk.method = "POST"\nwrk.body = [==[${body}]==]\n${lines.join('\n')}\n`);
  return file;
}

function load(port, duration) {
  const output = execFileSync(
    'wrk',
    ['-t1', '-c32', `-d${duration}s`, '-s', script(), `http://127.0.0.1:${port}/`],
    { encoding: 'utf8' },
  );
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]);
}

const servers = [];
try {
  for (const name of serverNames) {
    const child = fork(fileURLToPath(new URL('http-server.mjs', import.meta.url)), [name]);
    const [port] = await once(child, 'message');
    servers.push({ name, child, port, rates: [] });
  }
  for (const { port } of servers) load(port, 1);
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % servers.length;
    for (const server of [...servers.slice(shift), ...servers.slice(0, shift)])
      server.rates.push(load(server.port, seconds));
  }
} finally {
  for (const { child } of servers) child.disconnect();
  rmSync(folder, { recursive: true });
}

const rateOf = Object.fromEntries(servers.map(({ name, rates }) => [name, rates]));
const [, bare, ours, octokit, express, oursExpress] = serverNames;
const ratio = (name, to) => median(rateOf[name].map((rate, round) => rate / rateOf[to][round])).toFixed(2);
console.log(`HTTP over loopback, 400 B, keep-alive, 32 connections, Node ${process.versions.node}\n`);
console.log('| server | requests/s | ratio |\n|---|--:|---|');
for (const { name, rates } of servers) {
  const ratios = {
    [ours]: `${ratio(ours, bare)} × sample code, ${ratio(ours, octokit)} × octokit`,
    [oursExpress]: `${ratio(oursExpress, express)} × express.raw and sample code`,
  };
  console.log(`| ${name} | ${Math.round(median(rates)).toLocaleString('en')} | ${ratios[name] ?? ''} |`);
}
