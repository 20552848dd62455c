// Three receiver processes behind one port, which are killed at random. The effect of a handler is a row in Postgres.
// node receivers.mjs redis|postgres <table of effects> <table or prefix of the store>
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import { createReceiver } from '@hostwares/webhooks';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { createPostgresReplayStore } from '@hostwares/webhooks/replay/postgres';
import { createRedisReplayStore } from '@hostwares/webhooks/replay/redis';
import { Redis } from 'ioredis';
import pg from 'pg';
import { keepThree } from '../../support/crash/keep-three.mjs';
import { postgresUrl as connectionString, redisUrl } from '../../support/services.ts';

const [kind, effects, name] = process.argv.slice(2);

if (cluster.isPrimary) {
  await keepThree((worker) => worker.process.kill('SIGKILL'));
} else {
  const pool = new pg.Pool({ connectionString, max: 5 });
  const store =
    kind === 'redis'
      ? createRedisReplayStore(new Redis(redisUrl), { prefix: name })
      : createPostgresReplayStore(pool, { table: name });
  /** The example of docs/replay.md. */
  const inTransaction = async (id, account) => {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const { rowCount } = await client.query(
        `INSERT INTO ${effects}_ids (account_id, event_id) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
        [account, id],
      );
      if (rowCount === 1) await client.query(`INSERT INTO ${effects}_once (event_id) VALUES ($1)`, [id]);
      await client.query('COMMIT');
    } catch (error) {
      await client.query('ROLLBACK').catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  };
  const receiver = createReceiver({
    logger: false,
    secret: 'whsec_of_the_crash_test',
    replay: { store, leaseSeconds: 1 },
  });
  receiver.on('credits.low', async ({ id, account_id }) => {
    await pool.query(`INSERT INTO ${effects} (event_id, pid) VALUES ($1, $2)`, [id, process.pid]);
    await inTransaction(id, account_id);
    // Leaves time for a kill between the effect and the completion.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
  });
  createServer(createNodeHandler(receiver)).listen(Number(process.env.PORT), '127.0.0.1');
}
