// The test's side of keep-three.mjs: starts the program, kills now and then, and delivers to it meanwhile.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createMemoryStore, createSender, type DeliveryStatus } from '../../../src/sender/index.js';
import { sampleEvent } from '../../../src/testing/index.js';

export const secret = 'whsec_of_the_crash_test';
/** How many deliveries are under way at once. */
export const inFlight = 32;

export async function startThree(program: URL, args: string[]) {
  const primary = spawn(process.execPath, [fileURLToPath(program), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
  const exit = once(primary, 'exit');
  /** Process ids of those that were killed, and of those that ended though nobody killed them. */
  const killed: number[] = [];
  const died: number[] = [];
  const port = await Promise.race([
    new Promise<number>((resolve) => {
      createInterface({ input: primary.stdout }).on('line', (line) => {
        const said = JSON.parse(line) as { port?: number; killed?: number; died?: number };
        if (said.port !== undefined) resolve(said.port);
        if (said.killed !== undefined) killed.push(said.killed);
        if (said.died !== undefined) died.push(said.died);
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

/** Waits until it is so; says what it waited for where that does not come. */
export async function until(what: string, isSo: () => Promise<boolean>) {
  const deadline = performance.now() + 180_000;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`not within three minutes: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Publishes as fast as it is delivered, so that kills fall among deliveries. Gives the ids once all of them are delivered. */
export async function deliverAndKill(
  three: Awaited<ReturnType<typeof startThree>>,
  { count, kills }: { count: number; kills: number },
): Promise<string[]> {
  const sender = createSender({
    store: createMemoryStore(),
    allowPrivateNetwork: true,
    maxInFlightPerEndpoint: inFlight,
    // A connection that a killed process had been given and not taken answers no more.
    attemptTimeoutMs: 1_000,
    retryScheduleSeconds: Array.from({ length: 100 }, () => 0.3),
  });
  await sender.createEndpoint({ url: three.url, events: ['*'], secret });
  await sender.start();
  const has = async (status: DeliveryStatus) =>
    (await sender.listDeliveries({ status, limit: 1 })).items.length > 0;

  const between = Math.ceil(count / kills);
  const published: string[] = [];
  for (let each = 0; each < count; each += 1) {
    if (each % between === Math.floor(between / 2)) three.killOne();
    published.push((await sender.publish(sampleEvent('credits.low'))).eventId);
    while ((await sender.listDeliveries({ status: 'scheduled', limit: 100 })).items.length > inFlight)
      await new Promise((resolve) => setImmediate(resolve));
  }
  await until('all are delivered', async () => !(await has('scheduled')) && !(await has('attempting')));
  const areDelivered = !(await has('failed')) && !(await has('held'));
  await sender.stop();
  if (!areDelivered) throw new Error('the sender gave up: nobody answered it for 30 s');
  return published;
}
