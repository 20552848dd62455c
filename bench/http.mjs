// CPU time per request of a server process (user + system), and requests per second, over loopback with keep-alive.
// All servers run side by side and take turns in each round; the table has medians over the rounds. CPU time is the
// number to compare: on a shared machine it varies far less than requests per second.
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
const seconds = Number(process.env.BENCH_SECONDS ?? 2);
const body = bodyOf(400);
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const folder = mkdtempSync(join(tmpdir(), 'bench-'));

/** Writes wrk's script. Each round gets a fresh timestamp, because servers reject one that is older than five minutes. */
function writeScript() {
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

/** Sends requests for `duration` seconds; returns how many were answered, and how many a second. */
function load(port, duration) {
  const output = execFileSync(
    'wrk',
    ['-t1', '-c32', `-d${duration}s`, '-s', writeScript(), `http://127.0.0.1:${port}/`],
    { encoding: 'utf8' },
  );
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return {
    requests: Number(/(\d+) requests in/.exec(output)[1]),
    rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]),
  };
}

/** The CPU time that a server process has used so far, in microseconds. */
async function cpuUsUsed(child) {
  child.send('cpu');
  const [{ user, system }] = await once(child, 'message');
  return user + system;
}

async function measure({ child, port, rates, cpuUs }) {
  const before = await cpuUsUsed(child);
  const { requests, rate } = load(port, seconds);
  cpuUs.push(((await cpuUsUsed(child)) - before) / requests);
  rates.push(rate);
}

const servers = [];
try {
  for (const name of serverNames) {
    const child = fork(fileURLToPath(new URL('http-server.mjs', import.meta.url)), [name]);
    const [port] = await once(child, 'message');
    servers.push({ name, child, port, rates: [], cpuUs: [] });
  }
  for (const { port } of servers) load(port, 1);
  for (let round = 0; round < rounds; round += 1) {
    const shift = round % servers.length;
    for (const server of [...servers.slice(shift), ...servers.slice(0, shift)]) await measure(server);
  }
} finally {
  for (const { child } of servers) child.disconnect();
  rmSync(folder, { recursive: true });
}

const byName = Object.fromEntries(servers.map((server) => [server.name, server]));
const [, bare, ours, octokit, express, oursExpress] = serverNames;
/** The median ratio of two servers' CPU time per request, each in the same round. */
const ratio = (name, to) =>
  median(byName[name].cpuUs.map((us, round) => us / byName[to].cpuUs[round])).toFixed(2);
const ratios = {
  [ours]: `${ratio(ours, bare)} × sample code, ${ratio(ours, octokit)} × octokit`,
  [oursExpress]: `${ratio(oursExpress, express)} × express.raw and sample code`,
};
console.log(`HTTP over loopback, 400 B, keep-alive, 32 connections, Node ${process.versions.node}\n`);
console.log('| server | CPU per request | ratio of CPU | requests/s |\n|---|--:|---|--:|');
for (const { name, rates, cpuUs } of servers) {
  const rate = Math.round(median(rates)).toLocaleString('en');
  console.log(`| ${name} | ${median(cpuUs).toFixed(1)} µs | ${ratios[name] ?? ''} | ${rate} |`);
}
