// The test's side of keep-three.mjs: starts the program, delivers events to it, and kills its processes meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createMemoryStore, createSender } from '../../../src/sender/index.js';
import { sampleEvent } from '../../../src/testing/index.js';

export const secret = 'whsec_of_the_crash_test';
/** The number of deliveries in flight at once. */
export const inFlight = 32;

export async function startThree(program: URL, args: string[]) {
  const primary = spawn(process.execPath, [fileURLToPath(program), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const exit = once(primary, 'exit');
  /** Process ids of workers that the test killed, and of those that ended by themselves. */
  const killed: number[] = [];
  const died: number[] = [];
  const port = await Promise.race([
    new Promise<number>((resolve) => {
      createInterface({ input: primary.stdout }).on('line', (line) => {
        const report = JSON.parse(line) as { port?: number; killed?: number; died?: number };
        if (report.port !== undefined) resolve(report.port);
        if (report.killed !== undefined) killed.push(report.killed);
        if (report.died !== undefined) died.push(report.died);
      });
    }),
    exit.then(() => {
      throw new Error('the three processes did not start');
    }),
  ]);
  return {
    url: `http://127.0.0.1:${port}/`,
    killed,
    died,
    killOne: () => void primary.stdin.write('kill\n'),
    async stop() {
      primary.stdin.end();
      await exit;
    },
  };
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `count` returns `target`. Throws once the count has not grown for a minute. */
export async function untilCounted(what: string, target: number, count: () => Promise<number>) {
  let reached = await count();
  let grownAt = performance.now();
  while (reached < target) {
    await sleep(200);
    const counted = await count();
    if (counted > reached) grownAt = performance.now();
    else if (performance.now() - grownAt > 60_000)
      throw new Error(`${what}: ${counted} of ${target}, and no more for a minute`);
    reached = counted;
  }
}

/** Publishes no faster than events are delivered, so that kills hit deliveries. Returns the ids once all are delivered. */
export async function deliverAndKill(
  three: Awaited<ReturnType<typeof startThree>>,
  { count, kills }: { count: number; kills: number },
): Promise<string[]> {
  const sender = createSender({
    store: createMemoryStore(),
    allowPrivateNetwork: true,
    maxInFlightPerEndpoint: inFlight,
    // A connection that the cluster had handed to a killed process is never answered.
    attemptTimeoutMs: 1_000,
    retryScheduleSeconds: Array.from({ length: 100 }, () => 0.3),
  });
  await sender.createEndpoint({ url: three.url, events: ['*'], secret });
  await sender.start();

  // Each is read by its id, because a list by status scans every delivery of the test.
  const undelivered = new Set<string>();
  const forgetDelivered = async () => {
    for (const id of undelivered) {
      const status = (await sender.getDelivery(id))?.delivery.status;
      if (status === 'scheduled' || status === 'attempting') continue;
      if (status !== 'succeeded') throw new Error('the sender gave up: no attempt succeeded for 30 s');
      undelivered.delete(id);
    }
  };
  const between = Math.ceil(count / kills);
  const published: string[] = [];
  for (let each = 0; each < count; each += 1) {
    if (each % between === Math.floor(between / 2)) three.killOne();
    const { eventId, deliveries } = await sender.publish(sampleEvent('credits.low'));
    published.push(eventId);
    undelivered.add(deliveries[0]!.id);
    // As many wait as are in flight.
    while (undelivered.size > 2 * inFlight) {
      await forgetDelivered();
      await sleep(1);
    }
  }
  const delivered = async () => {
    await forgetDelivered();
    return count - undelivered.size;
  };
  await untilCounted('events delivered', count, delivered);
  await sender.stop();
  return published;
}
