// The process that is killed: publishes and delivers as fast as it can, and prints every acknowledged event.
// node victim.mjs <database> <url of the receiver> <run> [drain]
import { createSender } from '@hostwares/webhooks/sender';
import { createSqliteStore } from '@hostwares/webhooks/sender/sqlite';

const [path, url, run, drain] = process.argv.slice(2);
const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const store = createSqliteStore({ path });
const sender = createSender({
  store,
  allowPrivateNetwork: true,
  maxInFlight: 64,
  maxInFlightPerEndpoint: 64,
  // Many short retries: the test does not wait for hours, and several kills in a row may hit an event.
  retryScheduleSeconds: Array.from({ length: 200 }, () => 0.02),
  // The test reads every delivery at the end, and a long run makes more than are kept by default.
  retention: { deliveries: 10_000_000, bytes: 1e12 },
  onError: (error) => print({ error: String(error) }),
});
if ((await sender.listEndpoints()).items.length === 0) {
  await sender.createEndpoint({ url, events: ['*'], secret: 'whsec_of_the_crash_test' });
}
await sender.start();

async function publish(worker) {
  for (let number = 0; ; number += 1) {
    const id = `evt_${run}_${worker}_${number}`;
    await sender.publish({ id, event: 'credits.low', account_id: 'acc_1', data: { balance: number } });
    print({ published: id });
  }
}

async function count(status) {
  return (await sender.listDeliveries({ status, limit: 1 })).items.length;
}

if (drain === undefined) {
  await Promise.all(Array.from({ length: 16 }, (_, worker) => publish(worker)));
} else {
  while ((await count('scheduled')) + (await count('attempting')) > 0) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  let cursor;
  do {
    const page = await sender.listDeliveries({ limit: 100, ...(cursor && { cursor }) });
    for (const { id, eventId, status, kind } of page.items) {
      const { attempts } = await sender.getDelivery(id);
      const log = attempts.map(({ outcome, endedAtMs }) => [outcome, endedAtMs]);
      if (kind !== 'ping') print({ delivery: eventId, status, log });
    }
    cursor = page.nextCursor;
  } while (cursor);
  await sender.stop();
  await store.close();
}
