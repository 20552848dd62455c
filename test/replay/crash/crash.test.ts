// The sender delivers to three receiver processes on one store, which are killed at random moments. No event may be lost.
import pg from 'pg';
import { Redis } from 'ioredis';
import { afterAll, expect, it } from 'vitest';
import { createPostgresReplayStore } from '../../../src/replay/postgres.js';
import { createSignedRequest, sampleEvent } from '../../../src/testing/index.js';
import { deliverAndKill, inFlight, secret, startThree } from '../../support/crash/three-processes.js';
import { countFor } from '../../support/long.js';
import { hasPostgres, hasRedis, postgresUrl, redisUrl } from '../../support/services.js';

const count = countFor('REPLAY_EVENTS', { short: 200, long: 5_000 });
const kills = countFor('REPLAY_KILLS', { short: 2, long: 20 });
const pool = new pg.Pool({
  connectionString: postgresUrl,
  connectionTimeoutMillis: 10_000,
});
const redis = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
redis.on('error', () => undefined);

const areThere = (await hasPostgres()) && (await hasRedis());

const suffix = crypto.randomUUID().slice(0, 8);
const tables: string[] = [];
afterAll(async () => {
  for (const table of tables) await pool.query(`DROP TABLE IF EXISTS ${table}`);
  const keys = areThere ? await redis.keys(`hostwares:test:${suffix}:*`) : [];
  if (keys.length > 0) await redis.del(keys);
  await pool.end();
  redis.disconnect();
});

it.skipIf(!areThere).each(['redis', 'postgres'])(
  'receivers on %s lose no event, and handle only events twice whose handler was killed',
  async (kind) => {
    const effects = `hostwares_effects_${kind}_${suffix}`;
    const name = kind === 'redis' ? `hostwares:test:${suffix}:` : `hostwares_crash_${suffix}`;
    tables.push(effects, `${effects}_ids`, `${effects}_once`, ...(kind === 'postgres' ? [name] : []));
    await pool.query(`CREATE TABLE ${effects} (event_id text NOT NULL, pid int NOT NULL)`);
    await pool.query(
      `CREATE TABLE ${effects}_ids (account_id text, event_id text, PRIMARY KEY (account_id, event_id))`,
    );
    await pool.query(`CREATE TABLE ${effects}_once (event_id text NOT NULL)`);
    if (kind === 'postgres') await createPostgresReplayStore(pool, { table: name }).migrate();

    const receivers = await startThree(new URL('receivers.mjs', import.meta.url), [kind, effects, name]);
    const published = await deliverAndKill(receivers, { count, kills });

    const timesOf = async (id: string) =>
      (await pool.query(`SELECT 1 FROM ${effects} WHERE event_id = $1`, [id])).rows.length;
    const before = await timesOf(published[0]!);
    // The attack: a captured event that was handled is sent to all three with a fresh timestamp header.
    const captured = sampleEvent('credits.low', { id: published[0]! });
    const replays = await Promise.all(
      Array.from(
        { length: 1_000 },
        async () => (await fetch(await createSignedRequest(captured, { secret, url: receivers.url }))).status,
      ),
    );
    await receivers.stop();

    const timesIn = async (table: string) => {
      const { rows } = await pool.query<{ event_id: string; times: string }>(
        `SELECT event_id, count(*) AS times FROM ${table} GROUP BY event_id`,
      );
      return new Map(rows.map((row) => [row.event_id, Number(row.times)]));
    };
    const times = await timesIn(effects);
    const timesInTransaction = await timesIn(`${effects}_once`);
    const twice = [...times.values()].filter((each) => each > 1).length;
    expect(receivers.died).toEqual([]);
    expect(receivers.killed).toHaveLength(kills);
    expect(published.filter((id) => !times.has(id))).toEqual([]);
    expect(times.size).toBe(count);
    // An effect in one transaction with the event's id happens exactly once.
    expect(timesInTransaction).toEqual(new Map(published.map((id) => [id, 1])));
    expect(twice).toBeLessThanOrEqual(kills * inFlight);
    expect(new Set(replays)).toEqual(new Set([200]));
    expect(times.get(published[0]!)).toBe(before);
    console.log(
      `${kind}: ${count} events, ${kills} kills, ${twice} events handled more than once, 1000 replays rejected as duplicates`,
    );
  },
  600_000,
);
