// The sender delivers to three processes that receive and work, which are killed at random moments. Every event must be handled.
import { Redis } from 'ioredis';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { afterAll, expect, it } from 'vitest';
import { deliverAndKill, startThree, untilCounted } from '../../support/crash/three-processes.js';
import { countFor } from '../../support/long.js';
import { hasPostgres, hasRedis, postgresUrl as connectionString, redisUrl } from '../../support/services.js';

const count = countFor('QUEUE_EVENTS', { short: 100, long: 2_000 });
const kills = countFor('QUEUE_KILLS', { short: 2, long: 20 });
const pool = new pg.Pool({ connectionString, connectionTimeoutMillis: 10_000 });
const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
redis.on('error', () => undefined);

const areThere = (await hasPostgres()) && (await hasRedis());

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
  'workers of %s lose no event, and handle the events of a killed worker again',
  async (kind) => {
    const effects = `hostwares_effects_${kind.replace('-', '_')}_${suffix}`;
    tables.push(effects);
    await pool.query(
      `CREATE TABLE ${effects} (what text NOT NULL, event_id text NOT NULL, attempt int NOT NULL)`,
    );
    if (kind === 'pg-boss') {
      // Started once before: three concurrent first starts would wait for one another.
      const boss = new PgBoss({ connectionString, schema: name });
      await boss.start();
      await boss.createQueue('hooks');
      await boss.stop();
    }

    const workers = await startThree(new URL('workers.mjs', import.meta.url), [kind, effects, name]);
    const published = await deliverAndKill(workers, { count, kills });
    const number = async (where: string) => {
      const distinct = `SELECT DISTINCT event_id FROM ${effects} WHERE ${where}`;
      const { rows } = await pool.query<{ n: number }>(`SELECT count(*)::int AS n FROM (${distinct}) AS ids`);
      return rows[0]!.n;
    };
    // A worker's jobs are taken over 10 s after its death at the earliest, so a minute without progress is a lost event.
    await untilCounted('events handled', count, () => number("what = 'done'"));
    await workers.stop();

    const { rows } = await pool.query<{ event_id: string }>(
      `SELECT DISTINCT event_id FROM ${effects} WHERE what = 'done'`,
    );
    const handled = new Set(rows.map(({ event_id: id }) => id));
    expect(workers.died).toEqual([]);
    // A worker dies while it handles its next event. The last ones may find no event.
    expect(workers.killed).not.toEqual([]);
    expect(published.filter((id) => !handled.has(id))).toEqual([]);
    expect(handled.size).toBe(count);
    const restarted = await number("what = 'begun' AND attempt > 1");
    const twice = (
      await pool.query(
        `SELECT event_id FROM ${effects} WHERE what = 'done' GROUP BY event_id HAVING count(*) > 1`,
      )
    ).rows.length;
    expect(restarted).toBeGreaterThanOrEqual(1);
    // A kill between an effect and its completion repeats the events in flight, and no others.
    expect(twice).toBeLessThanOrEqual(kills * 10);
    console.log(
      `${kind}: ${count} events, ${workers.killed.length} kills, ${restarted} restarted, ${twice} handled more than once`,
    );
  },
  Math.max(600_000, count * 60),
);
