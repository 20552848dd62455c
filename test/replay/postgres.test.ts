// The Postgres store on PGlite, and with both clients on the server of POSTGRES_URL or of this machine.
import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import postgres from 'postgres';
import { afterAll, describe, expect, it } from 'vitest';
import { createPostgresReplayStore, type PostgresReplayStore } from '../../src/replay/postgres.js';
import { replayStoreCases } from '../../src/testing/index.js';
import { hasPostgres, postgresUrl } from '../support/services.js';
import { sleep } from '../support/sleep.js';

const table = `hostwares_replay_${crypto.randomUUID().slice(0, 8)}`;
const pool = new pg.Pool({ connectionString: postgresUrl, max: 10, connectionTimeoutMillis: 10_000 });
const sql = postgres(postgresUrl, { max: 10, onnotice: () => undefined, connect_timeout: 10 });
// Created here, since on a busy machine it takes longer than the time limit of a test.
const pglite = await PGlite.create();

const isThere = await hasPostgres();

afterAll(async () => {
  if (isThere) await pool.query(`DROP TABLE IF EXISTS ${table}, ${table}_other`);
  await Promise.all([pool.end(), sql.end(), pglite.close()]);
});

describe.each([
  ['PGlite', true, (named) => createPostgresReplayStore(pglite, { table: named })],
  ['pg', isThere, (named) => createPostgresReplayStore(pool, { table: named })],
  ['postgres.js', isThere, (named) => createPostgresReplayStore(sql, { table: named })],
] as [string, boolean, (named: string) => PostgresReplayStore][])(
  'the Postgres replay store with %s',
  (_, available, make) => {
    const open = async () => {
      const store = make(table);
      await store.migrate();
      return store;
    };

    it.skipIf(!available).each(replayStoreCases)('$name', ({ run }) => run({ open, pass: sleep }));

    it.skipIf(!available)('keeps the events of two tables apart', async () => {
      const id = crypto.randomUUID();
      const times = { leaseMs: 1_000, ttlMs: 1_000 };
      const store = await open();
      const other = make(`${table}_other`);
      await other.migrate();
      expect((await store.claim(id, times)).status).toBe('claimed');
      expect((await other.claim(id, times)).status).toBe('claimed');
      expect((await store.claim(id, times)).status).toBe('busy');
    });

    it.skipIf(!available)(
      'rejects a claim with an error that names migrate() if its table is missing',
      async () => {
        const store = make(`${table}_missing`);
        await expect(store.claim('a', { leaseMs: 10, ttlMs: 20 })).rejects.toThrow(
          `The table ${table}_missing is missing: call store.migrate() once, when you deploy or start.`,
        );
      },
    );

    it.skipIf(!available)('deletes expired rows only, in limited numbers', async () => {
      const store = await open();
      await store.cleanUp();
      const times = { leaseMs: 10, ttlMs: 20 };
      const gone = [crypto.randomUUID(), crypto.randomUUID(), crypto.randomUUID()];
      const kept = crypto.randomUUID();
      for (const id of gone) await store.claim(id, times);
      const claim = await store.claim(kept, { leaseMs: 60_000, ttlMs: 60_000 });
      await store.complete(kept, claim.status === 'claimed' ? claim.token : '');
      await sleep(100);
      expect(await store.cleanUp(2)).toBe(2);
      expect(await store.cleanUp()).toBeGreaterThanOrEqual(1);
      expect((await store.claim(kept, times)).status).toBe('done');
      await store.migrate();
      expect((await store.claim(kept, times)).status).toBe('done');
    });
  },
);

it.each(['Replay', 'a b', 'x;drop table y', '', 'a.b.c', 'x'.repeat(61)])(
  'createPostgresReplayStore rejects %j as a table',
  (name) => {
    expect(() => createPostgresReplayStore(pglite, { table: name })).toThrow(TypeError);
  },
);

it.each([undefined, {}, 'postgres://127.0.0.1'])(
  'createPostgresReplayStore rejects %o as a client',
  (client) => {
    expect(() => createPostgresReplayStore(client as never)).toThrow(TypeError);
  },
);
