// One contender of the sender's benchmark, in a process of its own: delivers events and reports rate and CPU time.
// node send-run.mjs <contender> <port of the sink> <events> <folder>
import { createHmac } from 'node:crypto';
import { createSender, createMemoryStore } from '../dist/sender.js';
import { Agent } from 'undici';

const [contender, port, count, folder] = process.argv.slice(2);
const events = Number(count);
const concurrency = 128;
const secret = 'whsec_of_the_benchmark';
const origin = `http://127.0.0.1:${port}`;

/** 400 bytes as JSON. */
const event = (number) => ({
  id: `evt_${String(number).padStart(28, '0')}`,
  event: 'deployment.completed',
  timestamp: '2026-01-31T08:00:00.000Z',
  account_id: 'acc_19c3',
  data: {
    site_id: 'site_7d1e',
    site_name: 'shop',
    status: 'RUNNING',
    deployment_id: 'dep_5a1f',
    duration_seconds: 42,
    commit_message: 'Show prices with tax'.padEnd(112, '.'),
    commit_sha: '9f2c1e0b7a6d5c4f3e2d1c0b9a8f7e6d5c4b3a29',
    domain: 'shop.example.com',
  },
});

const headersFor = (body) => ({
  'content-type': 'application/json',
  'x-hostwares-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
  'x-hostwares-timestamp': String(Math.floor(Date.now() / 1000)),
});

/** Runs `work` for each event, with limited concurrency. */
async function pooled(work) {
  let next = 0;
  const worker = async () => {
    while (next < events) await work(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Counts deliveries: call `one()` for each; `all` resolves after the last. */
function counter() {
  let delivered = 0;
  let done;
  const all = new Promise((resolve) => (done = resolve));
  return { all, one: () => ++delivered === events && done() };
}

const contenders = {
  /** The upper limit: requests alone, without signatures and without a store. */
  async undici() {
    const agent = new Agent({ connections: concurrency, pipelining: 1 });
    const body = Buffer.from(JSON.stringify(event(0)));
    const headers = { 'content-type': 'application/json' };
    await pooled(
      () =>
        new Promise((resolve, reject) => {
          agent.dispatch(
            { origin, path: '/', method: 'POST', headers, body },
            {
              onRequestStart() {},
              onResponseStart() {},
              onResponseData() {},
              onResponseEnd: resolve,
              onResponseError: (_, error) => reject(error),
            },
          );
        }),
    );
    await agent.close();
  },
  /** The simplest sender: signed requests, without a store. */
  async fetch() {
    await pooled(async (number) => {
      const body = JSON.stringify(event(number));
      const response = await fetch(origin, { method: 'POST', headers: headersFor(body), body });
      await response.arrayBuffer();
    });
  },
  memory: () => send(createMemoryStore()),
  async sqlite() {
    const { createSqliteStore } = await import('../dist/sender-sqlite.js');
    const store = createSqliteStore({ path: `${folder}/send.db` });
    await send(store);
    await store.close();
  },
  /** The usual alternative: a durable queue on Redis, and fetch. */
  async bullmq() {
    const { Queue, Worker } = await import('bullmq');
    const { Redis } = await import('ioredis');
    const connect = () =>
      new Redis(Number(process.env.REDIS_PORT), '127.0.0.1', { maxRetriesPerRequest: null });
    const [adding, working] = [connect(), connect()];
    const queue = new Queue('webhooks', { connection: adding });
    const { all, one } = counter();
    const worker = new Worker(
      'webhooks',
      async ({ data }) => {
        const response = await fetch(origin, {
          method: 'POST',
          headers: headersFor(data.body),
          body: data.body,
        });
        await response.arrayBuffer();
        one();
      },
      { connection: working, concurrency },
    );
    await worker.waitUntilReady();
    const options = { attempts: 6, backoff: { type: 'exponential', delay: 10_000 } };
    await pooled((number) => queue.add('event', { body: JSON.stringify(event(number)) }, options));
    await all;
    await worker.close();
    await queue.close();
    adding.disconnect();
    working.disconnect();
  },
};

/** Delivers through the sender, to 32 endpoints of the same receiver. */
async function send(store) {
  const sender = createSender({ store, allowPrivateNetwork: true });
  const endpoints = 32;
  for (let each = 0; each < endpoints; each += 1) {
    await sender.createEndpoint({
      url: `${origin}/${each}`,
      events: ['*'],
      accountId: `acc_${each}`,
      secret,
    });
  }
  // Counts settled deliveries. The pings above do not count.
  const { all, one } = counter();
  const settle = store.settle;
  store.settle = async (settlements) => {
    await settle(settlements);
    for (const _ of settlements) one();
  };
  await sender.start();
  begin();
  await pooled((number) => sender.publish({ ...event(number), account_id: `acc_${number % endpoints}` }));
  await all;
  end();
  await sender.stop();
}

let started;
let result;

function begin() {
  started = { ms: performance.now(), cpu: process.cpuUsage() };
}

function end() {
  const seconds = (performance.now() - started.ms) / 1_000;
  const { user, system } = process.cpuUsage(started.cpu);
  result = { perSecond: Math.round(events / seconds), cpuUs: (user + system) / events };
}

begin();
await contenders[contender]();
if (!result) end();
process.send(result);
process.disconnect();
