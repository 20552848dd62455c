// A sender whose wall clock is set, and the limits that must hold for the times of its requests.
import fc from 'fast-check';
import { expect } from 'vitest';
import { createSender, type Clock, type Sender } from '../../../src/sender/index.js';
import type { AttemptResult } from '../../../src/sender/records.js';
import type { SenderStore } from '../../../src/sender/stores/store.js';
import { createVirtualClock, sampleEvent } from '../../../src/testing/index.js';
import { scheduleMs, url } from './lifecycle-model.js';

const secondMs = 1_000;
const maxDelayMs = 30 * secondMs;

export const history = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('set' as const),
        seconds: fc.constantFrom(40, -40, 3_600, -3_600, 86_400, -86_400),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('respond' as const),
        status: fc.constantFrom(200, 500),
        takesMs: fc.nat({ max: 14_000 }),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('pass' as const),
        ms: fc.oneof(fc.nat({ max: 20_000 }), fc.constantFrom(...scheduleMs)),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  ),
  { minLength: 3, maxLength: 25 },
);

export type ClockOperation = typeof history extends fc.Arbitrary<readonly (infer Value)[]> ? Value : never;

/** A request, in times of the monotonic clock. */
interface SentRequest {
  readonly atMs: number;
  readonly status: number;
  endedAtMs: number | undefined;
}

/** Lets all promises that do not wait for a timer settle. */
async function settlePromises(): Promise<void> {
  for (let turns = 0; turns < 15; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A monotonic clock, and a wall clock that can be set. */
function createSettableClock() {
  const monotonic = createVirtualClock();
  let offsetMs = 0;
  const forwardAtMs: number[] = [];
  const clock: Clock = {
    now: () => monotonic.now() + offsetMs,
    monotonic: () => monotonic.now(),
    setTimeout: (callback, delayMs) => monotonic.setTimeout(callback, delayMs),
  };
  return {
    clock,
    now: () => monotonic.now(),
    sleep: (ms: number) => new Promise<void>((resolve) => monotonic.setTimeout(resolve, ms)),
    set(seconds: number) {
      offsetMs += seconds * secondMs;
      if (seconds > 0) forwardAtMs.push(monotonic.now());
    },
    /** Whether the wall clock was set forward between two times. */
    wasSetForward: (fromMs: number, toMs: number) =>
      forwardAtMs.some((setAtMs) => setAtMs >= fromMs && setAtMs <= toMs),
    /** Advances the time in steps of 5 s, so that the sender notices in time that the wall clock was set. */
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 5 * secondMs) {
        monotonic.advance(Math.min(left, 5 * secondMs));
        await settlePromises();
      }
    },
  };
}

interface ClockWorld {
  readonly time: ReturnType<typeof createSettableClock>;
  /** By event. */
  readonly requests: Map<string, SentRequest[]>;
  readonly errors: unknown[];
  response: { readonly status: number; readonly takesMs: number };
  published: number;
  hasCrashed: boolean;
}

async function respond({ time, requests, response }: ClockWorld, body: Uint8Array): Promise<AttemptResult> {
  const { id, event } = JSON.parse(new TextDecoder().decode(body)) as { id: string; event: string };
  if (event === 'ping') return { status: 200, timings: { totalMs: 0 } };
  const { status, takesMs } = response;
  const request: SentRequest = { atMs: time.now(), status, endedAtMs: undefined };
  requests.set(id, [...(requests.get(id) ?? []), request]);
  await time.sleep(takesMs);
  request.endedAtMs = time.now();
  return { status, timings: { totalMs: takesMs } };
}

function newSender(world: ClockWorld, store: SenderStore): Sender {
  return createSender({
    store,
    clock: world.time.clock,
    transport: { send: ({ body }) => respond(world, body), close: async () => undefined },
    onError: (error) => world.errors.push(error),
  });
}

/** Asserts that a retry follows a failure only, not before its interval has passed and at most 30 s after that. */
function assertTimes(world: ClockWorld, requests: readonly SentRequest[], isEnabled: boolean): void {
  for (const [index, { atMs, status, endedAtMs }] of requests.entries()) {
    const next = requests[index + 1];
    if (next && !world.hasCrashed) expect(status).toBe(500);
    if (world.hasCrashed || endedAtMs === undefined || status === 200) continue;
    const dueAtMs = endedAtMs + (scheduleMs[index] ?? Infinity);
    const isSetForward = next && world.time.wasSetForward(atMs, next.atMs);
    if (next && !isSetForward) expect(next.atMs).toBeGreaterThanOrEqual(dueAtMs - secondMs);
    if (isEnabled) expect(next?.atMs ?? world.time.now()).toBeLessThanOrEqual(dueAtMs + maxDelayMs);
  }
}

/** Performs the operations on a store, and asserts the times of all requests. */
export async function playClockSteps(
  store: SenderStore,
  operations: readonly ClockOperation[],
): Promise<void> {
  const world: ClockWorld = {
    time: createSettableClock(),
    requests: new Map(),
    errors: [],
    response: { status: 200, takesMs: 0 },
    published: 0,
    hasCrashed: false,
  };
  let sender = newSender(world, store);
  await sender.createEndpoint({ url, events: ['*'], secret: 'whsec_of_the_model' });
  await sender.start();
  for (const each of operations) {
    if (each.do === 'publish')
      await sender.publish(sampleEvent('credits.low', { id: `evt_${(world.published += 1)}` }));
    if (each.do === 'respond') world.response = each;
    if (each.do === 'set') world.time.set(each.seconds);
    if (each.do === 'pass') await world.time.pass(each.ms);
    if (each.do === 'crash') {
      world.hasCrashed = true;
      await sender.stop({ drainMs: 0 });
      sender = newSender(world, store);
      await sender.start();
    }
    await settlePromises();
  }
  world.response = { status: 200, takesMs: 0 };
  await world.time.pass(maxDelayMs);

  const isEnabled = (await sender.listEndpoints()).items[0]?.status === 'enabled';
  expect(world.errors).toEqual([]);
  if (!world.hasCrashed && isEnabled) expect(world.requests.size).toBe(world.published);
  for (const requests of world.requests.values()) assertTimes(world, requests, isEnabled);
  await sender.stop({ drainMs: 0 });
  await store.close();
}
