// Runs the packed package in each framework: `node test/frameworks/run.mjs [name …]`. Needs `npm ci` here and a build.
//
// A file per framework exports `variants`, the ways to mount the package:
//   start(receiver)  starts a server and returns { url, close }, or { fetch, close } without one.
//   expect           for a mistake: 'body_already_parsed' for each signed request, or 'error' (500) for each request.
//   hint             for a mistake: a pattern that the response or the hint of `onRejected` matches.
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createReport, pack } from '../runtimes/project.mjs';
import { serve, serveFetch } from './server.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const installed = join(here, 'node_modules/@hostwares/webhooks');
rmSync(installed, { recursive: true, force: true });
mkdirSync(installed, { recursive: true });
execFileSync('tar', ['-xzf', pack(), '-C', installed, '--strip-components=1']);

const frameworks = ['fastify', 'nest-express', 'nest-fastify', 'koa', 'h3', 'elysia'];
const chosen = process.argv.slice(2);
const { createMemoryReplayStore, createReceiver } = await import('@hostwares/webhooks');
const { requests, secret } = await import('./requests.mjs');
const report = createReport();
const unhandled = [];
process.on('unhandledRejection', (error) => unhandled.push(error));

/** Sends one request, and throws unless the response and the events that handlers received are as expected. */
async function check(variant, { create, status, event, hasSignature }) {
  const rejections = [];
  const seen = [];
  const receiver = createReceiver({ secret, onRejected: (error) => rejections.push(error) });
  receiver.onAny((each) => void seen.push(each.event));
  const {
    url = 'http://localhost/webhooks/hostwares',
    fetch: send = fetch,
    close,
  } = await variant.start(receiver);
  try {
    const response = await send(await create(url));
    const text = await response.text();
    const got = `${response.status} ${text.slice(0, 200)}, handled [${seen}], rejected ${rejections.map(({ code, hint }) => `${code}: ${hint}`)}`;
    const isMistake = variant.expect && (hasSignature || variant.expect === 'error');
    if (response.status !== (isMistake ? 500 : status)) throw new Error(got);
    if (String(seen) !== (isMistake || !event ? '' : event)) throw new Error(got);
    if (isMistake && variant.expect !== 'error' && rejections[0]?.code !== variant.expect)
      throw new Error(got);
    if (isMistake && variant.hint && !variant.hint.test(`${text} ${rejections[0]?.hint}`))
      throw new Error(got);
  } finally {
    await close();
  }
  if (unhandled.length > 0) throw new Error(`unhandled rejection: ${unhandled.splice(0)}`);
}

/** Creates a receiver whose handlers have effects, and a server for the probe of the command `check`. */
async function createProbedReceiver() {
  const counts = new Map();
  const failing = new Set();
  const receiver = createReceiver({ secret, replay: { store: createMemoryReplayStore() }, logger: false });
  receiver.onAny(({ id }) => {
    if (failing.delete(id)) throw new Error('fails once');
    counts.set(id, (counts.get(id) ?? 0) + 1);
  });
  const probe = await serve((request, response) => {
    const { searchParams } = new URL(request.url, 'http://localhost');
    const id = searchParams.get('event_id');
    const fails = searchParams.has('fail_next');
    if (fails) failing.add(id);
    response.end(JSON.stringify({ count: counts.get(id) ?? 0, fail_next: fails }));
  }, '/probe');
  return { receiver, probe };
}

/** Runs the command `check` of the packed package against a variant, which must get the best grade. */
async function grade(variant) {
  const { receiver, probe } = await createProbedReceiver();
  const started = await variant.start(receiver);
  const server = started.fetch ? await serveFetch(started.fetch) : started;
  const args = ['check', server.url, '--secret', secret, '--probe', probe.url, '--json'];
  try {
    const run = await promisify(execFile)(process.execPath, [join(installed, 'dist/cli.js'), ...args], {
      timeout: 120_000,
    }).catch((error) => error);
    if (!run.stdout) throw new Error(run.stderr || String(run));
    const { grade, results } = JSON.parse(run.stdout);
    const findings = results.filter(({ state }) => state !== 'pass');
    const seen = findings.map(({ id, state, detail }) => `${id} (${state}): ${detail}`).join('\n');
    if (grade !== 'A') throw new Error(`grade ${grade}\n${seen}`);
    return seen || `${results.length} checks`;
  } finally {
    for (const each of new Set([started, server, probe])) await each.close();
  }
}

for (const framework of frameworks.filter((name) => chosen.length === 0 || chosen.includes(name))) {
  const { variants } = await import(`./${framework}.mjs`);
  for (const variant of variants) {
    await report.check(`${framework}, ${variant.name}`, async () => {
      for (const request of requests) {
        await check(variant, request).catch((error) => {
          throw new Error(`${request.name}: ${error.message}`);
        });
      }
    });
  }
  // At the same time, because a run mostly waits for the deadline of a body.
  await Promise.all(
    variants
      .filter((variant) => !variant.expect)
      .map((variant) => report.check(`${framework}, ${variant.name}, grade of check`, () => grade(variant))),
  );
}
report.end();
// Some frameworks keep timers.
process.exit();
