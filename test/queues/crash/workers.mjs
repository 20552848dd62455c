// Three processes that receive and work, and are killed at random within a handler. The effect of a handler is two rows in Postgres.
// node workers.mjs bullmq|pg-boss <table of effects> <name of the queue>
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createReceiver } from '@hostwares/webhooks';
import { createBullMQHandoff, createBullMQWorker } from '@hostwares/webhooks/bullmq';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { createPgBossHandoff, createPgBossWorker } from '@hostwares/webhooks/pg-boss';
import pg from 'pg';
import { keepThree } from '../../support/crash/keep-three.mjs';
import { postgresUrl as connectionString, redisUrl } from '../../support/services.ts';

const [kind, effects, name] = process.argv.slice(2);
const secret = 'whsec_of_the_crash_test';

// Each loads its own queue only: a process starts after every kill.
async function openBullMQ() {
  const { Queue } = await import('bullmq');
  const { Redis } = await import('ioredis');
  const connect = () => new Redis(redisUrl, { maxRetriesPerRequest: null });
  return {
    handoff: createBullMQHandoff(new Queue(name, { connection: connect(), prefix: 'hostwares-test' })),
    work: (receiver) =>
      createBullMQWorker(receiver, {
        queueName: name,
        connection: connect(),
        prefix: 'hostwares-test',
        concurrency: 10,
        lockDuration: 1_000,
        stalledInterval: 500,
      }),
  };
}

async function openPgBoss() {
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss({
    connectionString,
    schema: name,
    max: 5,
    superviseIntervalSeconds: 1,
    monitorIntervalSeconds: 1,
  });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue('hooks');
  return {
    // 10 s is the shortest heartbeat of pg-boss.
    handoff: createPgBossHandoff(boss, { queue: 'hooks', retryDelay: 1, heartbeatSeconds: 10 }),
    work: (receiver) => createPgBossWorker(receiver, boss, { queue: 'hooks', localConcurrency: 10 }),
  };
}

if (cluster.isPrimary) {
  await keepThree((worker) => worker.send('die'));
} else {
  const pool = new pg.Pool({ connectionString, max: 5 });
  const note = (what, id, attempt) =>
    pool.query(`INSERT INTO ${effects} (what, event_id, attempt) VALUES ($1, $2, $3)`, [what, id, attempt]);

  const { handoff, work } = await (kind === 'bullmq' ? openBullMQ() : openPgBoss());

  let mustDie = false;
  process.on('message', () => {
    mustDie = true;
  });
  const receiver = createReceiver({ logger: false, secret, handoff });
  receiver.on('credits.low', async ({ id }, { attempt }) => {
    await note('begun', id, attempt);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20));
    // This also interrupts the other handlers of this process.
    if (mustDie) process.kill(process.pid, 'SIGKILL');
    await note('done', id, attempt);
  });
  await work(receiver);
  createServer(createNodeHandler(receiver)).listen(Number(process.env.PORT), '127.0.0.1');
}
