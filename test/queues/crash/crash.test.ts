// Three processes that receive and work, killed at random moments while the sender delivers: every event is handled.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { afterAll, expect, it } from 'vitest';
import { createMemoryStore, createSender } from '../../../src/sender/index.js';
import { sampleEvent } from '../../../src/testing/index.js';

const count = Number(process.env.QUEUE_EVENTS ?? 200);
const kills = Number(process.env.QUEUE_KILLS ?? 2);
const inFlight = 32;
const secret = 'whsec_of_the_crash_test';
const connectionString = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 10_000 });
const redis = new Redis(process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', {
  lazyConnect: true,
  retryStrategy: () => null,
});
redis.on('error', () => undefined);

const areThere = await Promise.all([pool.query('SELECT 1'), redis.connect()]).then(
  () => true,
  () => false,
);
if (!areThere && process.env.CI === 'true') throw new Error('CI must have Postgres and Redis');

const suffix = crypto.randomUUID().slice(0, 8);
const name = `hostwares_queue_${suffix}`;
const tables: string[] = [];
afterAll(async () => {
  if (areThere) {
    for (const table of tables) await pool.query(`DROP TABLE IF EXISTS ${table}`);
    await pool.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
    const keys = await redis.keys(`hostwares-test:${name}:*`);
    if (keys.length > 0) await redis.del(keys);
  }
  await pool.end();
  redis.disconnect();
});

it.skipIf(!areThere).each(['bullmq', 'pg-boss'])(
  'with %s: what a killed worker had begun is handled again, and nothing is lost',
  async (kind) => {
    const effects = `hostwares_effects_${kind.replace('-', '_')}_${suffix}`;
    tables.push(effects);
    await pool.query(
      `CREATE TABLE ${effects} (what text NOT NULL, event_id text NOT NULL, attempt int NOT NULL)`,
    );
    if (kind === 'pg-boss') {
      // Once: three at a time would wait for one another.
      const boss = new PgBoss({ connectionString, schema: name });
      await boss.start();
      await boss.createQueue('hooks');
      await boss.stop();
    }

    const workers = spawn(
      process.execPath,
      [fileURLToPath(new URL('workers.mjs', import.meta.url)), kind, effects, name],
      { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_NO_WARNINGS: '1' } },
    );
    const died: unknown[] = [];
    const port = await new Promise<number>((resolve) => {
      createInterface({ input: workers.stdout }).on('line', (line) => {
        const { port: listening, died: pid } = JSON.parse(line) as { port?: number; died?: number };
        if (listening !== undefined) resolve(listening);
        if (pid !== undefined) died.push(pid);
      });
    });
    const sender = createSender({
      store: createMemoryStore(),
      allowPrivateNetwork: true,
      maxInFlightPerEndpoint: inFlight,
      // A connection that a killed worker had been given and not taken answers no more.
      attemptTimeoutMs: 1_000,
      retryScheduleSeconds: Array.from({ length: 100 }, () => 0.3),
    });
    await sender.createEndpoint({ url: `http://127.0.0.1:${port}/`, events: ['*'], secret });
    await sender.start();

    const number = async (what: string) =>
      Number(
        (await pool.query<{ n: string }>(`SELECT count(DISTINCT event_id) AS n FROM ${effects} ${what}`))
          .rows[0]!.n,
      );
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    const published: string[] = [];
    for (let each = 0; each < count; each += 1) {
      const { eventId } = await sender.publish(sampleEvent('credits.low'));
      published.push(eventId);
      if (each % Math.ceil(count / kills) === Math.ceil(count / kills / 2)) workers.stdin.write('kill\n');
      while ((await sender.listDeliveries({ status: 'scheduled', limit: 100 })).items.length > inFlight)
        await new Promise((resolve) => setImmediate(resolve));
    }
    while ((await number("WHERE what = 'done'")) < count) await pause(50);
    await sender.stop();
    workers.stdin.end();
    await once(workers, 'exit');

    const { rows } = await pool.query<{ event_id: string }>(
      `SELECT DISTINCT event_id FROM ${effects} WHERE what = 'done'`,
    );
    const handled = new Set(rows.map(({ event_id: id }) => id));
    expect(died).toEqual([]);
    expect(published.filter((id) => !handled.has(id))).toEqual([]);
    expect(handled.size).toBe(count);
    const again = await number("WHERE what = 'begun' AND attempt > 1");
    const twice = (
      await pool.query(
        `SELECT event_id FROM ${effects} WHERE what = 'done' GROUP BY event_id HAVING count(*) > 1`,
      )
    ).rows.length;
    expect(again).toBeGreaterThanOrEqual(1);
    // At least once: what a kill fell upon between the effect and its completion, and no more.
    expect(twice).toBeLessThanOrEqual(kills * 10);
    console.log(
      `${kind}: ${count} events, ${kills} kills, ${again} begun again, ${twice} handled more than once`,
    );
  },
  600_000,
);
