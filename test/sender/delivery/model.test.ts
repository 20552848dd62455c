// Whatever happens in whatever order, the contract's promises hold (section 4).
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSender, type Clock, type Sender } from '../../../src/sender/index.js';
import type { AttemptResult } from '../../../src/sender/records.js';
import type { DeliveryDetails, SenderStore } from '../../../src/sender/stores/store.js';
import { createVirtualClock, sampleEvent } from '../../../src/testing/index.js';
import { countFor } from '../../support/long.js';
import { stores } from '../../support/sender-stores.js';

const runs = countFor('MODEL_RUNS', { short: 200, long: 10_000 });

const scheduleMs = [10, 60, 300, 1_800, 7_200].map((seconds) => seconds * 1000);
const url = 'https://93.184.215.14/hook';

type Mode = 200 | 500 | 503 | 410 | 'timeout' | 'reset' | 'hang';
const which = fc.nat({ max: 5 });
const duration = fc.oneof(
  fc.nat({ max: 20_000 }),
  fc.constantFrom(...scheduleMs),
  fc.nat({ max: 10_000_000 }),
);
const accounts = ['acc_1', 'acc_2'] as const;
const operation = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('publish' as const), account: fc.constantFrom(...accounts) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      mode: fc.constantFrom<Mode>(200, 500, 500, 503, 410, 'timeout', 'reset', 'hang'),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: duration }) },
  // As after a laptop was asleep: no alarm is answered in between.
  { weight: 1, arbitrary: fc.record({ do: fc.constant('jump' as const), ms: duration }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  // Starting while it stops, publishing meanwhile; and a start that fails.
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('restart' as const, 'failing start' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('create', 'disable', 'enable', 'release', 'delete', 'rotate', 'redeliver', 'ping'),
      which,
    }),
  },
);

type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

/** Plays the operations, checks what must hold, and gives the trace. */
async function play(store: SenderStore, operations: readonly Operation[]): Promise<readonly string[]> {
  const virtual = createVirtualClock();
  const alarms = new Set<number>();
  const clock: Clock = {
    ...virtual,
    setTimeout(callback, delayMs) {
      // But for the sweeps of retention, which change nothing here and are many.
      if (delayMs !== 90_000) alarms.add(virtual.now() + delayMs);
      return virtual.setTimeout(callback, delayMs);
    },
  };
  const errors: unknown[] = [];
  const endpoints: string[] = [];
  const deliveries = new Set<string>();
  // What happened, without what chance named: the same on every store.
  const trace: string[] = [];
  const events: string[] = [];
  const told = new Map<string, number>();
  const enabled = new Map<string, number>();
  const pings: Promise<unknown>[] = [];
  let mode: Mode = 200;
  let isCreating = false;
  let generation = 0;

  const make = (): Sender => {
    const mine = ++generation;
    return createSender({
      store,
      clock,
      transport: {
        async send({ body, url: to, headers }): Promise<AttemptResult> {
          const event = JSON.parse(new TextDecoder().decode(body)) as { id: string; event: string };
          const answer = isCreating ? 200 : mode;
          if (event.event !== 'ping') {
            const stamp = headers['x-hostwares-timestamp'] ?? '';
            trace.push(`${clock.now()} ${to} ${stamp} event ${events.indexOf(event.id)}: ${answer}`);
          }
          // A killed process hears of nothing any more.
          if (answer === 'hang') return new Promise(() => undefined);
          if (typeof answer === 'string') return { error: answer, timings: { totalMs: 0 } };
          return {
            status: answer,
            // No lease and 90 s, which is how the sweeps are known.
            responseHeaders: answer === 503 ? { 'retry-after': '125' } : {},
            timings: { totalMs: 0 },
          };
        },
        close: async () => undefined,
      },
      onEndpointDisabled: ({ id }) => {
        told.set(id, (told.get(id) ?? 0) + 1);
      },
      onError: (error) => mine === generation && errors.push(error),
    });
  };
  let sender = make();
  const settle = async () => {
    for (let turns = 0; turns < 30; turns += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  /** Time as it goes: each alarm is answered before the next. */
  const advance = async (ms: number) => {
    const target = virtual.now() + ms;
    for (;;) {
      const next = Math.min(...alarms);
      if (next > target) break;
      alarms.delete(next);
      virtual.advanceTo(next);
      await settle();
    }
    virtual.advanceTo(target);
  };
  const create = async () => {
    const own = `${url}/${endpoints.length}`;
    // Of the accounts and of none, in turn.
    const accountId = [...accounts, undefined][endpoints.length % 3];
    isCreating = true;
    const created = await sender.createEndpoint({
      url: own,
      events: ['*'],
      secret: 'whsec_of_the_model',
      ...(accountId !== undefined && { accountId }),
    });
    isCreating = false;
    endpoints.push(created.id);
  };
  const publish = async (account: string) => {
    const event = sampleEvent('credits.low', { id: `evt_model_${events.length}`, account_id: account });
    events.push(event.id);
    const published = await sender.publish(event);
    for (const { id } of published.deliveries) deliveries.add(id);
  };
  const all = async () =>
    (await Promise.all([...deliveries].map((id) => sender.getDelivery(id)))) as DeliveryDetails[];

  await create();
  await sender.start();
  for (const each of operations) {
    const id = 'which' in each ? endpoints[each.which % endpoints.length]! : '';
    const exists = id !== '' && (await sender.getEndpoint(id)) !== undefined;
    if (each.do === 'publish') await publish(each.account);
    if (each.do === 'answer') mode = each.mode;
    if (each.do === 'advance') await advance(each.ms);
    if (each.do === 'jump') virtual.advance(each.ms);
    if (each.do === 'create' && endpoints.length < 4) await create();
    if (each.do === 'crash') {
      await sender.stop({ drainMs: 0 });
      sender = make();
      await sender.start();
    }
    if (each.do === 'restart') {
      const stopped = sender.stop({ drainMs: 0 });
      const started = sender.start();
      // Once it stops: before, how much of it is sent depends on how long a store takes.
      for (let turns = 0; turns < 4; turns += 1) await Promise.resolve();
      await Promise.all([stopped, started, publish('acc_1')]);
    }
    if (each.do === 'failing start') {
      const pendingDisabledNotifications = store.pendingDisabledNotifications.bind(store);
      await sender.stop({ drainMs: 0 });
      store.pendingDisabledNotifications = () => Promise.reject(new Error('disk full'));
      const started = sender.start();
      await Promise.all([expect(started).rejects.toThrow('disk full'), publish('acc_2')]);
      store.pendingDisabledNotifications = pendingDisabledNotifications;
      const before = trace.length;
      await settle();
      // Nothing runs, and nothing is lost.
      expect(trace.length).toBe(before);
      await sender.start();
    }
    if (exists) {
      if (each.do === 'ping') pings.push(sender.pingEndpoint(id));
      if (each.do === 'disable') await sender.disableEndpoint(id);
      if (each.do === 'delete') await sender.deleteEndpoint(id);
      if (each.do === 'rotate') await sender.rotateSecret(id);
      if (each.do === 'enable' || each.do === 'release') {
        await sender.enableEndpoint(id, { release: each.do === 'release' });
        enabled.set(id, (enabled.get(id) ?? 0) + 1);
      }
      const [delivery] = each.do === 'redeliver' ? deliveries : [];
      const details = delivery === undefined ? undefined : await sender.getDelivery(delivery);
      if (details && (await sender.getEndpoint(details.delivery.endpointId)))
        deliveries.add((await sender.redeliver(details.delivery.id)).id);
    }
    await settle();
  }

  // In the end all is well again: then everything must come to an end.
  mode = 200;
  await sender.stop({ drainMs: 0 });
  sender = make();
  await sender.start();
  await sender.stop();
  for (const id of endpoints) {
    if (!(await sender.getEndpoint(id))) continue;
    await sender.enableEndpoint(id, { release: true });
    enabled.set(id, (enabled.get(id) ?? 0) + 1);
  }
  await sender.runUntilIdle();
  // No ping is forgotten by a stop.
  await Promise.all(pings);

  expect(errors).toEqual([]);
  for (const { delivery, attempts } of await all()) {
    expect(['succeeded', 'failed', 'cancelled']).toContain(delivery.status);
    if (delivery.status === 'cancelled')
      expect(await sender.getEndpoint(delivery.endpointId)).toBeUndefined();
    if (delivery.status === 'failed') expect(attempts).toHaveLength(6);
    expect(attempts.length).toBeLessThanOrEqual(6);
    expect(attempts.map(({ number }) => number)).toEqual(attempts.map((_, index) => index + 1));
    for (const [index, attempt] of attempts.entries()) {
      expect(attempt.outcome).not.toBe('pending');
      const next = attempts[index + 1];
      if (attempt.outcome === 'success') expect(next).toBeUndefined();
      if (!next || attempt.endedAtMs === null) continue;
      // Held by a disabled endpoint it is due when it is released, which may be at once.
      const intervalMs = attempt.reason?.startsWith('held') === true ? 0 : scheduleMs[index]!;
      expect(next.startedAtMs - attempt.endedAtMs).toBeGreaterThanOrEqual(intervalMs);
    }
  }
  for (const [id, times] of told) expect(times).toBeLessThanOrEqual((enabled.get(id) ?? 0) + 1);
  // What is due at different endpoints in the same millisecond has no order.
  trace.sort();
  for (const { delivery, attempts } of await all()) {
    const known = attempts.map(({ startedAtMs, endedAtMs, outcome, nextAttemptAtMs, reason }) =>
      [startedAtMs, endedAtMs, outcome, nextAttemptAtMs, reason].join(' '),
    );
    trace.push(`${events.indexOf(delivery.eventId)} ${delivery.kind} ${delivery.status}`, ...known);
  }
  for (const id of endpoints) {
    const endpoint = await sender.getEndpoint(id);
    trace.push(endpoint ? `${endpoint.status} ${endpoint.failingSinceMs} told ${told.get(id)}` : 'deleted');
  }
  await store.close();
  return trace;
}

it('at most six attempts, never early, none after success, disabled and told once, nothing lost', async () => {
  const run = fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (operations) => {
    const traces: (readonly string[])[] = [];
    for (const { open } of stores) traces.push(await play(open(), operations));
    // Where time jumps, how late an alarm is answered depends on how long a store takes.
    if (operations.some((each) => each.do === 'jump')) return;
    for (const trace of traces) expect(trace).toEqual(traces[0]);
  });
  await fc.assert(run, { numRuns: runs });
}, 1_200_000);

describe('a wall clock that is set', () => {
  const second = 1_000;
  const step = fc.constantFrom(40, -40, 3_600, -3_600, 86_400, -86_400);
  const history = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ do: fc.constant('publish' as const) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('set' as const), seconds: step }) },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant('answer' as const),
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

  interface Sent {
    readonly atMs: number;
    readonly status: number;
    endedAtMs: number | undefined;
  }

  /** Plays a history. All times are of the monotonic clock; the wall clock is as far from it as was set. */
  async function playSteps(
    store: SenderStore,
    operations: readonly (typeof history extends fc.Arbitrary<readonly (infer Value)[]> ? Value : never)[],
  ) {
    const monotonic = createVirtualClock();
    let offsetMs = 0;
    const forwardAtMs: number[] = [];
    let crashed = false;
    const clock: Clock = {
      now: () => monotonic.now() + offsetMs,
      monotonic: () => monotonic.now(),
      setTimeout: (callback, delayMs) => monotonic.setTimeout(callback, delayMs),
    };
    const sent = new Map<string, Sent[]>();
    const errors: unknown[] = [];
    let answer = { status: 200, takesMs: 0 };
    const make = () =>
      createSender({
        store,
        clock,
        transport: {
          async send({ body }): Promise<AttemptResult> {
            const { id, event } = JSON.parse(new TextDecoder().decode(body)) as { id: string; event: string };
            if (event === 'ping') return { status: 200, timings: { totalMs: 0 } };
            const { status, takesMs } = answer;
            const request: Sent = { atMs: monotonic.now(), status, endedAtMs: undefined };
            sent.set(id, [...(sent.get(id) ?? []), request]);
            await new Promise<void>((resolve) => monotonic.setTimeout(resolve, takesMs));
            request.endedAtMs = monotonic.now();
            return { status, timings: { totalMs: takesMs } };
          },
          close: async () => undefined,
        },
        onError: (error) => errors.push(error),
      });
    let sender = make();
    const settle = async () => {
      for (let turns = 0; turns < 15; turns += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    /** Whatever is noticed every few seconds is noticed. */
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 5 * second) {
        monotonic.advance(Math.min(left, 5 * second));
        await settle();
      }
    };
    await sender.createEndpoint({ url, events: ['*'], secret: 'whsec_of_the_model' });
    await sender.start();
    let events = 0;
    for (const each of operations) {
      if (each.do === 'publish')
        await sender.publish(sampleEvent('credits.low', { id: `evt_${(events += 1)}` }));
      if (each.do === 'answer') answer = each;
      if (each.do === 'set') {
        offsetMs += each.seconds * second;
        if (each.seconds > 0) forwardAtMs.push(monotonic.now());
      }
      if (each.do === 'pass') await pass(each.ms);
      if (each.do === 'crash') {
        crashed = true;
        await sender.stop({ drainMs: 0 });
        sender = make();
        await sender.start();
      }
      await settle();
    }
    answer = { status: 200, takesMs: 0 };
    await pass(30 * second);
    const isEnabled = (await sender.listEndpoints()).items[0]?.status === 'enabled';
    const nowMs = monotonic.now();

    expect(errors).toEqual([]);
    if (!crashed && isEnabled) expect(sent.size).toBe(events);
    for (const requests of sent.values()) {
      for (const [index, { atMs, status, endedAtMs }] of requests.entries()) {
        const next = requests[index + 1];
        // Sent once more only after a failure, or a crash.
        if (next && !crashed) expect(status).toBe(500);
        if (crashed || endedAtMs === undefined || status === 200) continue;
        const dueAtMs = endedAtMs + (scheduleMs[index] ?? Infinity);
        // Not early, unless the clock was set forward meanwhile.
        const isPutForward = forwardAtMs.some((setAtMs) => setAtMs >= atMs && setAtMs <= (next?.atMs ?? 0));
        if (next && !isPutForward) expect(next.atMs).toBeGreaterThanOrEqual(dueAtMs - second);
        if (isEnabled) expect(next?.atMs ?? nowMs).toBeLessThanOrEqual(dueAtMs + 30 * second);
      }
    }
    await sender.stop({ drainMs: 0 });
    await store.close();
  }

  it.each(stores)(
    'sends nothing twice, early or more than 30 s late on the $name store',
    async ({ open }) => {
      const run = fc.asyncProperty(history, (operations) => playSteps(open(), operations));
      await fc.assert(run, { numRuns: Math.ceil(runs / 10) });
    },
    1_200_000,
  );
});
