// Random operations on a sender, and the guarantees of section 4 of the contract that must hold for each order of them.
import fc from 'fast-check';
import { expect } from 'vitest';
import { createSender, type Clock, type Sender } from '../../../src/sender/index.js';
import type { AttemptRecord, AttemptResult } from '../../../src/sender/records.js';
import type { DeliveryDetails, SenderStore } from '../../../src/sender/stores/store.js';
import { createVirtualClock, sampleEvent } from '../../../src/testing/index.js';

export const scheduleMs = [10, 60, 300, 1_800, 7_200].map((seconds) => seconds * 1000);
export const url = 'https://93.184.215.14/hook';
const accounts = ['acc_1', 'acc_2'] as const;
const maxEndpoints = 4;
const sweepIntervalMs = 90_000;

/** How the endpoints respond: a status, an error of the connection, or not at all. */
type Mode = 200 | 500 | 503 | 410 | 'timeout' | 'reset' | 'hang';

const which = fc.nat({ max: 5 });
const duration = fc.oneof(
  fc.nat({ max: 20_000 }),
  fc.constantFrom(...scheduleMs),
  fc.nat({ max: 10_000_000 }),
);

export const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('publish' as const), account: fc.constantFrom(...accounts) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('respond' as const),
      mode: fc.constantFrom<Mode>(200, 500, 500, 503, 410, 'timeout', 'reset', 'hang'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: duration }) },
  // Time passes without timers, as on a laptop that was asleep.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('jump' as const), ms: duration }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'failing start' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('create', 'disable', 'enable', 'release', 'delete', 'rotate', 'redeliver', 'ping'),
      which,
    }),
  },
);

export type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

/** Lets all promises that do not wait for a timer of the sender settle. */
async function settlePromises(): Promise<void> {
  for (let turns = 0; turns < 30; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A virtual clock that can advance from timer to timer. */
function createSteppedClock() {
  const virtual = createVirtualClock();
  const alarms = new Set<number>();
  const clock: Clock = {
    ...virtual,
    setTimeout(callback, delayMs) {
      // Retention sweeps are frequent and change nothing here.
      if (delayMs !== sweepIntervalMs) alarms.add(virtual.now() + delayMs);
      return virtual.setTimeout(callback, delayMs);
    },
  };
  return {
    clock,
    /** Advances the time; the sender handles each timer before the next one fires. */
    async advance(ms: number) {
      const target = virtual.now() + ms;
      for (;;) {
        const next = Math.min(...alarms);
        if (next > target) break;
        alarms.delete(next);
        virtual.advanceTo(next);
        await settlePromises();
      }
      virtual.advanceTo(target);
    },
    /** Advances the time at once, so that all timers fire late. */
    jump(ms: number) {
      virtual.advance(ms);
    },
  };
}

/** A sender on a store, the operations so far, and their effects. */
interface World {
  readonly store: SenderStore;
  readonly time: ReturnType<typeof createSteppedClock>;
  sender: Sender;
  /** Counts the senders. Errors of stopped ones are ignored. */
  generation: number;
  mode: Mode;
  isCreatingEndpoint: boolean;
  readonly errors: unknown[];
  /** Ids, in the order of creation. */
  readonly endpoints: string[];
  readonly deliveries: Set<string>;
  readonly events: string[];
  readonly pings: Promise<unknown>[];
  /** How often each endpoint was enabled, and its owner notified that it was disabled. */
  readonly enabled: Map<string, number>;
  readonly notified: Map<string, number>;
  /** The requests, without random ids, so that every store has the same trace. */
  readonly requests: string[];
}

function increment(counts: Map<string, number>, id: string): void {
  counts.set(id, (counts.get(id) ?? 0) + 1);
}

type Request = Parameters<NonNullable<Parameters<typeof createSender>[0]['transport']>['send']>[0];

async function respond(world: World, { body, url: target, headers }: Request): Promise<AttemptResult> {
  const event = JSON.parse(new TextDecoder().decode(body)) as { id: string; event: string };
  const mode = world.isCreatingEndpoint ? 200 : world.mode;
  if (event.event !== 'ping') {
    const number = world.events.indexOf(event.id);
    const timestamp = headers['x-hostwares-timestamp'] ?? '';
    world.requests.push(`${world.time.clock.now()} ${target} ${timestamp} event ${number}: ${mode}`);
  }
  if (mode === 'hang') return new Promise(() => undefined);
  if (typeof mode === 'string') return { error: mode, timings: { totalMs: 0 } };
  return {
    status: mode,
    // A lease and this delay must not add up to the sweep interval, by which sweeps are recognised.
    responseHeaders: mode === 503 ? { 'retry-after': '125' } : {},
    timings: { totalMs: 0 },
  };
}

function newSender(world: Omit<World, 'sender'>): Sender {
  world.generation += 1;
  const { store, generation } = world;
  return createSender({
    store,
    clock: world.time.clock,
    transport: { send: (request) => respond(world as World, request), close: async () => undefined },
    onEndpointDisabled: ({ id }) => {
      increment(world.notified, id);
    },
    onError: (error) => generation === world.generation && world.errors.push(error),
  });
}

function createWorld(store: SenderStore): World {
  const world = {
    store,
    time: createSteppedClock(),
    generation: 0,
    mode: 200 as const,
    isCreatingEndpoint: false,
    errors: [],
    endpoints: [],
    deliveries: new Set<string>(),
    events: [],
    pings: [],
    enabled: new Map<string, number>(),
    notified: new Map<string, number>(),
    requests: [],
  };
  return Object.assign(world, { sender: newSender(world) });
}

/** Creates an endpoint, in turn for each of the accounts and for none. */
async function createEndpoint(world: World): Promise<void> {
  const accountId = [...accounts, undefined][world.endpoints.length % 3];
  world.isCreatingEndpoint = true;
  const { id } = await world.sender.createEndpoint({
    url: `${url}/${world.endpoints.length}`,
    events: ['*'],
    secret: 'whsec_of_the_model',
    ...(accountId !== undefined && { accountId }),
  });
  world.isCreatingEndpoint = false;
  world.endpoints.push(id);
}

async function publish(world: World, account: string): Promise<void> {
  const event = sampleEvent('credits.low', {
    id: `evt_model_${world.events.length}`,
    account_id: account,
  });
  world.events.push(event.id);
  const { deliveries } = await world.sender.publish(event);
  for (const { id } of deliveries) world.deliveries.add(id);
}

async function enable(world: World, id: string, release: boolean): Promise<void> {
  await world.sender.enableEndpoint(id, { release });
  increment(world.enabled, id);
}

/** Stops the sender without waiting, and starts another one on the same store. */
async function crash(world: World): Promise<void> {
  await world.sender.stop({ drainMs: 0 });
  world.sender = newSender(world);
  await world.sender.start();
}

/** Starts the sender while it stops, and publishes meanwhile. */
async function restart(world: World): Promise<void> {
  const stopped = world.sender.stop({ drainMs: 0 });
  const started = world.sender.start();
  // Waits until the stop has begun: before it, the number of requests depends on the speed of the store.
  for (let turns = 0; turns < 4; turns += 1) await Promise.resolve();
  await Promise.all([stopped, started, publish(world, 'acc_1')]);
}

/** Starts the sender on a store that fails, and then again. */
async function failingStart(world: World): Promise<void> {
  const { store, sender, requests } = world;
  const pendingDisabledNotifications = store.pendingDisabledNotifications.bind(store);
  await sender.stop({ drainMs: 0 });
  store.pendingDisabledNotifications = () => Promise.reject(new Error('disk full'));
  const started = sender.start();
  await Promise.all([expect(started).rejects.toThrow('disk full'), publish(world, 'acc_2')]);
  store.pendingDisabledNotifications = pendingDisabledNotifications;
  const before = requests.length;
  await settlePromises();
  // A sender that did not start sends nothing, and loses nothing.
  expect(requests.length).toBe(before);
  await sender.start();
}

/** Redelivers the first delivery, if its endpoint still exists. */
async function redeliver({ sender, deliveries }: World): Promise<void> {
  const [first] = deliveries;
  const details = first === undefined ? undefined : await sender.getDelivery(first);
  if (details && (await sender.getEndpoint(details.delivery.endpointId)))
    deliveries.add((await sender.redeliver(details.delivery.id)).id);
}

/** An operation on an endpoint that exists. */
async function changeEndpoint(world: World, action: Operation['do'], id: string): Promise<void> {
  const { sender, pings } = world;
  if (action === 'ping') pings.push(sender.pingEndpoint(id));
  if (action === 'disable') await sender.disableEndpoint(id);
  if (action === 'delete') await sender.deleteEndpoint(id);
  if (action === 'rotate') await sender.rotateSecret(id);
  if (action === 'enable') await enable(world, id, false);
  if (action === 'release') await enable(world, id, true);
  if (action === 'redeliver') await redeliver(world);
}

async function perform(world: World, each: Operation): Promise<void> {
  const id = 'which' in each ? world.endpoints[each.which % world.endpoints.length]! : undefined;
  const exists = id !== undefined && (await world.sender.getEndpoint(id)) !== undefined;
  if (each.do === 'publish') await publish(world, each.account);
  if (each.do === 'respond') world.mode = each.mode;
  if (each.do === 'advance') await world.time.advance(each.ms);
  if (each.do === 'jump') world.time.jump(each.ms);
  if (each.do === 'create' && world.endpoints.length < maxEndpoints) await createEndpoint(world);
  if (each.do === 'crash') await crash(world);
  if (each.do === 'restart') await restart(world);
  if (each.do === 'failing start') await failingStart(world);
  if (exists) await changeEndpoint(world, each.do, id);
  await settlePromises();
}

/** Lets every endpoint succeed again, and delivers everything that is left. */
async function finish(world: World): Promise<void> {
  world.mode = 200;
  await crash(world);
  await world.sender.stop();
  for (const id of world.endpoints) {
    if (await world.sender.getEndpoint(id)) await enable(world, id, true);
  }
  await world.sender.runUntilIdle();
  // A stop must not leave a ping unanswered.
  await Promise.all(world.pings);
}

async function allDeliveries({ sender, deliveries }: World): Promise<readonly DeliveryDetails[]> {
  return (await Promise.all(Array.from(deliveries, (id) => sender.getDelivery(id)))) as DeliveryDetails[];
}

/** An attempt has an end, none follows a success, and none begins before its interval has passed. */
function assertAttempts(attempts: readonly AttemptRecord[]): void {
  expect(attempts.length).toBeLessThanOrEqual(6);
  expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, index) => index + 1));
  for (const [index, attempt] of attempts.entries()) {
    expect(attempt.outcome).not.toBe('pending');
    const next = attempts[index + 1];
    if (attempt.outcome === 'success') expect(next).toBeUndefined();
    if (!next || attempt.endedAtMs === null) continue;
    // A held delivery is due when it is released, which may be at once.
    const intervalMs = attempt.reason?.startsWith('held') === true ? 0 : scheduleMs[index]!;
    expect(next.startedAtMs - attempt.endedAtMs).toBeGreaterThanOrEqual(intervalMs);
  }
}

/** Every delivery has ended, and owners were notified at most once for each time that an endpoint was enabled. */
async function assertGuarantees(world: World): Promise<void> {
  expect(world.errors).toEqual([]);
  for (const { delivery, attempts } of await allDeliveries(world)) {
    expect(['succeeded', 'failed', 'cancelled']).toContain(delivery.status);
    if (delivery.status === 'cancelled')
      expect(await world.sender.getEndpoint(delivery.endpointId)).toBeUndefined();
    if (delivery.status === 'failed') expect(attempts).toHaveLength(6);
    assertAttempts(attempts);
  }
  for (const [id, times] of world.notified)
    expect(times).toBeLessThanOrEqual((world.enabled.get(id) ?? 0) + 1);
}

/** Returns the requests, the deliveries with their attempts, and the endpoints. */
async function traceOf(world: World): Promise<readonly string[]> {
  // Requests to different endpoints in the same millisecond have no order.
  const trace = [...world.requests].sort();
  for (const { delivery, attempts } of await allDeliveries(world)) {
    trace.push(`${world.events.indexOf(delivery.eventId)} ${delivery.kind} ${delivery.status}`);
    for (const { startedAtMs, endedAtMs, outcome, nextAttemptAtMs, reason } of attempts)
      trace.push([startedAtMs, endedAtMs, outcome, nextAttemptAtMs, reason].join(' '));
  }
  for (const id of world.endpoints) {
    const endpoint = await world.sender.getEndpoint(id);
    const notified = world.notified.get(id);
    trace.push(endpoint ? `${endpoint.status} ${endpoint.failingSinceMs} notified ${notified}` : 'deleted');
  }
  return trace;
}

/** Performs the operations on a store, asserts the guarantees, and returns the trace. */
export async function playLifecycle(
  store: SenderStore,
  operations: readonly Operation[],
): Promise<readonly string[]> {
  const world = createWorld(store);
  await createEndpoint(world);
  await world.sender.start();
  for (const each of operations) await perform(world, each);
  await finish(world);
  await assertGuarantees(world);
  const trace = await traceOf(world);
  await store.close();
  return trace;
}
