// pg-boss on the Postgres of POSTGRES_URL or of this machine, and on PGlite.
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { fromPglite, PgBoss, type ConstructorOptions } from 'pg-boss';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createReceiver } from '../../src/index.js';
import { createPgBossHandoff, createPgBossWorker } from '../../src/queues/pg-boss.js';
import { sampleEvent } from '../../src/testing/index.js';
import { hasPostgres, postgresUrl as connectionString } from '../support/services.js';
import { describeQueue, type TestQueue } from './queue-suite.js';

const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 10_000, max: 2 });
const isThere = await hasPostgres();

const schema = `hostwares_boss_${crypto.randomUUID().slice(0, 8)}`;
// Created here, since on a busy machine it takes longer than the time limit of a test.
const pglite = await PGlite.create();
afterAll(async () => {
  if (isThere) await pool.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await pool.end();
  await pglite.close();
});

type Query = (text: string, values: unknown[]) => Promise<{ rows: unknown[] }>;

/** A server, and a way to disconnect from it if stopping pg-boss does not. */
interface Server {
  options: ConstructorOptions;
  query: Query;
  cut?: () => Promise<void>;
}

async function open({ options, query, cut }: Server): Promise<TestQueue & { boss: PgBoss; queue: string }> {
  const boss = new PgBoss({ ...options, schema });
  boss.on('error', () => undefined);
  await boss.start();
  const queue = `hooks-${crypto.randomUUID()}`;
  await boss.createQueue(queue);
  const select = async (what: string, ...states: string[]) =>
    (
      await query(`SELECT ${what} AS it FROM ${schema}.job WHERE name = $1 AND state::text = ANY($2)`, [
        queue,
        states,
      ])
    ).rows as { it: string }[];
  let stopped = false;
  const stop = async () => {
    if (!stopped) await boss.stop({ graceful: false });
    stopped = true;
  };
  return {
    boss,
    queue,
    handoff: createPgBossHandoff(boss, { queue, retryLimit: 2, retryDelay: 0, retryBackoff: false }),
    work: (receiver) => createPgBossWorker(receiver, boss, { queue, pollingIntervalSeconds: 0.5 }),
    count: async (state) =>
      (await select('id', ...(state === 'waiting' ? ['created', 'retry'] : [state]))).length,
    addForeign: () => boss.send(queue, { month: 11 }, { retryLimit: 0 }),
    failures: async () => (await select('output::text', 'failed')).map(({ it: output }) => output),
    cut: cut ?? stop,
    close: stop,
  };
}

function describePgBoss(server: () => Server): void {
  describeQueue(() => open(server()));

  it('retries a job for about as long as the platform by default', async () => {
    const { boss, queue, ...test } = await open(server());
    await createPgBossHandoff(boss, { queue })(sampleEvent('site.created'));
    const [job] = await boss.findJobs(queue);
    expect(job).toMatchObject({ retryLimit: 10, retryDelay: 10, retryBackoff: true, heartbeatSeconds: 30 });
    expect(job!.id).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
    await test.close();
  });

  it("rejects an event that the queue's policy does not accept", async () => {
    const { boss, ...test } = await open(server());
    const queue = `short-${crypto.randomUUID()}`;
    await boss.createQueue(queue, { policy: 'short' });
    const handoff = createPgBossHandoff(boss, { queue });
    await handoff(sampleEvent('site.created', { id: 'evt_1' }));
    await expect(handoff(sampleEvent('site.created', { id: 'evt_2' }))).rejects.toThrow(
      /policy must be standard/,
    );
    await test.close();
  });

  it('runs waiting jobs without waiting for the next poll, localConcurrency of them at a time', async () => {
    const { boss, queue, handoff, ...test } = await open(server());
    const events = Array.from({ length: 12 }, () => sampleEvent('site.created'));
    for (const event of events) await handoff(event);
    const handled = new Set<string>();
    let running = 0;
    let mostRunning = 0;
    let release: () => void = () => undefined;
    const areThreeRunning = new Promise<void>((resolve) => (release = resolve));
    const receiver = createReceiver({ secret: 'whsec_of_the_queue_test' }).onAny(async ({ id }) => {
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      if (running === 3) release();
      await areThreeRunning;
      handled.add(id);
      running -= 1;
    });
    const ids = await createPgBossWorker(receiver, boss, {
      queue,
      localConcurrency: 3,
      pollingIntervalSeconds: 3_600,
    });
    await vi.waitFor(async () => expect(await test.count('completed')).toBe(events.length), {
      timeout: 15_000,
      interval: 50,
    });
    expect(handled).toEqual(new Set(events.map(({ id }) => id)));
    expect(mostRunning).toBe(3);
    expect(new Set(ids).size).toBe(3);

    for (const id of ids) await boss.offWork(queue, { id });
    expect(boss.getWipData().filter(({ name }) => name === queue)).toEqual([]);
    await test.close();
  });

  it('rejects an event if the queue does not exist', async () => {
    const { boss, ...test } = await open(server());
    await expect(
      createPgBossHandoff(boss, { queue: 'nowhere' })(sampleEvent('site.created')),
    ).rejects.toThrow();
    await test.close();
  });
}

describe.skipIf(!isThere)('pg-boss on Postgres', () => {
  describePgBoss(() => ({
    options: { connectionString, max: 4 },
    query: (text, values) => pool.query(text, values),
  }));
});

describe('pg-boss on PGlite', () => {
  describePgBoss(() => {
    const db = fromPglite(pglite);
    let isCut = false;
    return {
      options: {
        backend: 'pglite',
        db: {
          executeSql: (text, values) =>
            isCut ? Promise.reject(new Error('cut off')) : db.executeSql(text, values),
        },
      },
      query: (text, values) => pglite.query(text, values),
      cut: async () => {
        isCut = true;
      },
    };
  });
});

it('createPgBossHandoff and createPgBossWorker reject a missing boss or queue with a TypeError', () => {
  const receiver = createReceiver({ secret: 'whsec_of_the_queue_test' });
  expect(() => createPgBossHandoff(undefined as never, { queue: 'q' })).toThrow(/new PgBoss/);
  expect(() => createPgBossWorker(receiver, {} as never, { queue: 'q' })).toThrow(/new PgBoss/);
  expect(() => createPgBossHandoff({} as never, 'hooks' as never)).toThrow(/needs a queue/);
  expect(() => createPgBossWorker(receiver, {} as never, undefined as never)).toThrow(/needs a queue/);
});

it.each([0, -1, 1.5, NaN, '2'])(
  'createPgBossWorker rejects localConcurrency %s with a TypeError',
  (given) => {
    const boss = { work: () => Promise.resolve('id'), findJobs: () => Promise.resolve([]) };
    const receiver = createReceiver({ secret: 'whsec_of_the_queue_test' });
    const options = { queue: 'q', localConcurrency: given as number };
    expect(() => createPgBossWorker(receiver, boss as never, options)).toThrow(
      /localConcurrency is .*positive integer/,
    );
  },
);
