import { createPgBossHandoff, createPgBossWorker } from '@hostwares/webhooks/pg-boss';
import { PgBoss } from 'pg-boss';
import { tryQueue } from './queue.mjs';

const connectionString = process.env.POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/test';
const schema = `hostwares_oldest_${process.pid}`;
const boss = new PgBoss({ connectionString, schema, max: 4 });
boss.on('error', (error) => console.error(error));
await boss.start();
try {
  const queue = 'hostwares';
  await boss.createQueue(queue);
  const handoff = createPgBossHandoff(boss, { queue, retryLimit: 1, retryDelay: 0, retryBackoff: false });
  await tryQueue(handoff, (receiver) =>
    createPgBossWorker(receiver, boss, { queue, pollingIntervalSeconds: 0.5 }),
  );
} finally {
  await boss.getDb().executeSql(`DROP SCHEMA ${schema} CASCADE`);
  await boss.stop({ graceful: false });
}
