// Replay protection through the receiver.
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  createMemoryReplayStore,
  createReceiver,
  type ReplayOptions,
  type ReplayStore,
  type WebhookError,
} from '../../src/index.js';
import { createSignedRequest, createVirtualClock, sampleEvent } from '../../src/testing/index.js';

const secret = 'whsec_of_the_replay_test';
const event = (at: number, more: object = {}) =>
  sampleEvent('credits.low', { timestamp: new Date(at).toISOString(), ...more });

let clock: ReturnType<typeof createVirtualClock>;
let store: ReplayStore;
let rejected: WebhookError[];
beforeEach(() => {
  clock = createVirtualClock();
  rejected = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const make = (replay: Partial<ReplayOptions> = {}, more: object = {}) =>
  createReceiver({
    secret,
    now: () => clock.now(),
    replay: { store, ...replay },
    onRejected: (error) => rejected.push(error),
    ...more,
  });
/** Signed with a current timestamp header, as a captured event is replayed. */
const request = (of: ReturnType<typeof event>) => createSignedRequest(of, { secret, now: () => clock.now() });

const never = () => new Promise<never>(() => undefined);
/** Sends an event to a receiver and waits until its handler runs, so that later requests find the claim. */
async function begin(
  receiver: ReturnType<typeof make>,
  one: ReturnType<typeof event>,
  work: () => unknown = never,
) {
  let begun: () => void = () => undefined;
  const atWork = new Promise<void>((resolve) => (begun = resolve));
  receiver.onAny(() => {
    begun();
    return work();
  });
  const answered = receiver.handle(await request(one));
  await atWork;
  return { answered };
}

/** A store that answers with promises, as one on another machine does. */
const promising = (at: ReplayStore): ReplayStore => ({
  claim: async (...args) => at.claim(...args),
  complete: async (...args) => at.complete(...args),
  release: async (...args) => at.release(...args),
  extend: async (...args) => at.extend(...args),
});

describe.each([
  ['that answers with values', (memory: ReplayStore) => memory],
  ['that answers with promises', promising],
])('replay protection with a store %s', (_, as) => {
  beforeEach(() => {
    store = as(createMemoryReplayStore({ now: () => clock.now() }));
  });

  it('handles an event once and acknowledges its duplicates', async () => {
    const handled: [string, boolean][] = [];
    const infos: boolean[] = [];
    const receiver = make(
      {},
      { onHandled: (_: unknown, { duplicate }: { duplicate: boolean }) => infos.push(duplicate) },
    );
    receiver.onAny((each) => handled.push([each.id, true]));
    const one = event(clock.now());
    for (let each = 0; each < 3; each += 1)
      expect((await receiver.handle(await request(one))).status).toBe(200);
    expect(handled).toHaveLength(1);
    expect(infos).toEqual([false, true, true]);
  });

  it('handles a captured event with fresh timestamp headers once, and rejects it after the window', async () => {
    let runs = 0;
    // Three processes, one store.
    const receivers = [make(), make(), make()].map((each) => each.onAny(() => (runs += 1)));
    const captured = event(clock.now());
    const statuses: number[] = [];
    for (let each = 0; each < 1_000; each += 1) {
      statuses.push((await receivers[each % 3]!.handle(await request(captured))).status);
      clock.advance(100_000);
    }
    // 24 hours are 864 times as long.
    expect(statuses).toEqual(statuses.map((_, each) => (each <= 864 ? 200 : 401)));
    expect(runs).toBe(1);
    expect(rejected.at(-1)).toMatchObject({ code: 'event_expired', status: 401 });
  });

  it('runs the handler once for a thousand concurrent requests to three receivers, and answers 409 to the others', async () => {
    let runs = 0;
    let refused = 0;
    let end: () => void = () => undefined;
    // The handler ends when all others have their response, however slow the machine is.
    const othersAnswered = new Promise<void>((resolve) => (end = resolve));
    const receivers = [make(), make(), make()].map((each) =>
      each.onAny(() => {
        runs += 1;
        return othersAnswered;
      }),
    );
    const one = event(clock.now());
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, async (_, each) => {
        const answer = await receivers[each % 3]!.handle(await request(one));
        if (answer.status === 409 && (refused += 1) === 999) end();
        return answer;
      }),
    );
    const by = (status: number) => answers.filter((answer) => answer.status === status);
    expect(runs).toBe(1);
    expect(by(200)).toHaveLength(1);
    expect(by(409)).toHaveLength(999);
    expect(by(409)[0]!.headers.get('retry-after')).toBe('30');
    expect(await by(409)[0]!.text()).toBe('{"error":"duplicate_in_progress"}');
  });

  describe('checks the signed timestamp, and', () => {
    it.each([
      [-86_400, 200],
      [-86_401, 401],
      [300, 200],
      [301, 401],
    ])('answers to %s s ahead with %s', async (seconds, status) => {
      const receiver = make();
      expect((await receiver.handle(await request(event(clock.now() + seconds * 1000)))).status).toBe(status);
    });

    it.each([
      [0, 0, 200],
      [0, 1, 401],
      [false, 300, 200],
      [false, 301, 401],
    ])('answers with a tolerance of %s to %s s ahead with %s', async (toleranceSeconds, seconds, status) => {
      const receiver = make({}, { toleranceSeconds });
      expect((await receiver.handle(await request(event(clock.now() + seconds * 1000)))).status).toBe(status);
    });

    it('rejects the event if the clock returns NaN', async () => {
      const receiver = make({}, { toleranceSeconds: false, now: () => Number.NaN });
      expect((await receiver.handle(await request(event(clock.now())))).status).toBe(401);
    });

    it('applies windowSeconds', async () => {
      const receiver = make({ windowSeconds: 60 });
      expect((await receiver.handle(await request(event(clock.now() - 60_000)))).status).toBe(200);
      expect((await receiver.handle(await request(event(clock.now() - 60_001)))).status).toBe(401);
      expect(rejected[0]!.hint).toMatch(/^It is 60 s old/);
    });

    it('remembers the id for as long as its event is within the window', async () => {
      let runs = 0;
      const receiver = make({ windowSeconds: 60 }).onAny(() => (runs += 1));
      // The latest timestamp in the future that is accepted.
      const one = event(clock.now() + 300_000);
      const statuses: number[] = [];
      for (let each = 0; each < 50; each += 1) {
        statuses.push((await receiver.handle(await request(one))).status);
        clock.advance(10_000);
      }
      expect(runs).toBe(1);
      expect(new Set(statuses)).toEqual(new Set([200, 401]));
    });
  });

  it('handles an event again after its handler failed', async () => {
    let runs = 0;
    const receiver = make().onAny(() => {
      runs += 1;
      if (runs < 3) throw new Error('not yet');
    });
    const one = event(clock.now());
    const statuses: number[] = [];
    for (let each = 0; each < 4; each += 1) statuses.push((await receiver.handle(await request(one))).status);
    expect(statuses).toEqual([500, 500, 200, 200]);
    expect(runs).toBe(3);
  });

  it('passes attempt and isDuplicateDelivery to handlers', async () => {
    const told: unknown[] = [];
    const receiver = make().onAny((_, { attempt, isDuplicateDelivery }) => {
      told.push([attempt, isDuplicateDelivery]);
      if (told.length < 3) throw new Error('not yet');
    });
    const one = event(clock.now());
    for (let each = 0; each < 3; each += 1) await receiver.handle(await request(one));
    // A process that died.
    const died = event(clock.now(), { id: 'evt_died' });
    const dead = make({ store: { ...store, extend: () => Promise.reject(new Error('dead')) } });
    await begin(dead, died);
    clock.advance(30_001);
    await receiver.handle(await request(died));
    expect(told).toEqual([
      [1, false],
      [2, true],
      [3, true],
      [2, true],
    ]);
    const unknowing = createReceiver({ secret, now: () => clock.now() }).onAny((_, context) =>
      told.push([context.attempt, context.isDuplicateDelivery]),
    );
    await unknowing.handle(await request(one));
    expect(told.at(-1)).toEqual([undefined, undefined]);
  });

  it('handles the same id of two accounts twice', async () => {
    let runs = 0;
    const receiver = make().onAny(() => (runs += 1));
    for (const account of ['a', 'b', 'a']) {
      const one = event(clock.now(), { id: 'evt_1', account_id: account });
      expect((await receiver.handle(await request(one))).status).toBe(200);
    }
    expect(runs).toBe(2);
  });

  describe.each([
    ['node:crypto', false],
    ['WebCrypto', true],
  ])('derives the key of an event with %s, and', (_, isWeb) => {
    const keysOf = async (events: [account: string, id: string][]) => {
      const keys: string[] = [];
      const recording: ReplayStore = {
        ...store,
        claim(id, times) {
          keys.push(id);
          return store.claim(id, times);
        },
      };
      vi.resetModules();
      if (isWeb) vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
      const fresh = await import('../../src/index.js');
      const options = { secret, now: () => clock.now(), replay: { store: recording } };
      const receiver = fresh.createReceiver(options).onAny(() => undefined);
      for (const [account, id] of events) {
        const one = event(clock.now(), { id, account_id: account });
        expect((await receiver.handle(await request(one))).status).toBe(200);
      }
      vi.restoreAllMocks();
      return keys;
    };

    it('uses the SHA-256 of account and id, so that runtimes can share a store', async () => {
      expect(await keysOf([['acc_1', 'evt_ü']])).toEqual([
        createHash('sha256').update('["acc_1","evt_ü"]').digest('hex'),
      ]);
    });

    it('uses different keys for events that differ in account or id', async () => {
      const events: [string, string][] = [
        ['a', 'b:c'],
        ['a:b', 'c'],
        ['a', 'b","c'],
        ['a","b', 'c'],
        // UTF-8 encodes these lone surrogates as the same bytes.
        ['a', 'x\ud800'],
        ['a', 'x\ud801'],
        ['a', 'x\ufffd'],
      ];
      expect(new Set(await keysOf(events)).size).toBe(events.length);
    });
  });

  it('answers 409 until the lease of a process that died has expired', async () => {
    // Its handler never ends and its claim is not extended.
    const dead = make({ store: { ...store, extend: () => Promise.reject(new Error('dead')) } });
    const one = event(clock.now());
    await begin(dead, one);
    expect((await make().handle(await request(one))).status).toBe(409);
    clock.advance(29_999);
    const other = make();
    const answer = await other.handle(await request(one));
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([409, '1']);
    clock.advance(1);
    expect((await other.handle(await request(one))).status).toBe(200);
  });

  it('keeps the claim of a live process until its handler has ended', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let end: () => void = () => undefined;
    const one = event(clock.now());
    const { answered } = await begin(make(), one, () => new Promise<void>((resolve) => (end = resolve)));
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    for (let each = 0; each < 30; each += 1) {
      clock.advance(10_000);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect((await make().handle(await request(one))).status).toBe(409);
    end();
    expect((await answered).status).toBe(200);
    expect(vi.getTimerCount()).toBe(0);
    expect((await make().handle(await request(one))).status).toBe(200);
  });

  it.each([
    ['rejects', () => Promise.reject(new Error('ECONNRESET'))],
    [
      'throws',
      () => {
        throw new Error('closed');
      },
    ],
  ])('continues the heartbeat after the store %s once', async (_, extend) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    let end: () => void = () => undefined;
    let extensions = 0;
    const flaky: ReplayStore = {
      ...store,
      extend(...args) {
        extensions += 1;
        return extensions === 1 ? extend() : store.extend(...args);
      },
    };
    const one = event(clock.now());
    const receiver = make({ store: flaky });
    const { answered } = await begin(receiver, one, () => new Promise<void>((resolve) => (end = resolve)));
    for (let each = 0; each < 5; each += 1) {
      clock.advance(10_000);
      await vi.advanceTimersByTimeAsync(10_000);
    }
    expect(extensions).toBe(5);
    end();
    expect((await answered).status).toBe(200);
  });

  it.each([[{ status: 'free' }], [{}], [undefined], [true], ['claimed']])(
    'answers 500 misconfigured if the store answers a claim with %j',
    async (answer) => {
      let runs = 0;
      const wrong = { ...store, claim: () => answer as never };
      const receiver = make({ store: wrong }).onAny(() => (runs += 1));
      const response = await receiver.handle(await request(event(clock.now())));
      expect([response.status, await response.text(), runs]).toEqual([500, '{"error":"misconfigured"}', 0]);
      expect(rejected[0]?.cause).toBeInstanceOf(TypeError);
    },
  );

  it('leaves no timer running after a success, a duplicate and a failure', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const one = event(clock.now());
    const receiver = make({}, { handlerTimeoutMs: 1_000 }).onAny(async () => undefined);
    for (const status of [200, 200]) expect((await receiver.handle(await request(one))).status).toBe(status);
    const failing = make().onAny(() => Promise.reject(new Error('no')));
    expect((await failing.handle(await request(event(clock.now(), { id: 'evt_other' })))).status).toBe(500);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('answers 409 if its claim was lost to another process while the handler ran', async () => {
    const errors: string[] = [];
    let end: () => void = () => undefined;
    const slept = make({ store: { ...store, extend: () => Promise.reject(new Error('asleep')) } });
    slept.onError((error) => errors.push(error.code));
    const one = event(clock.now());
    const { answered } = await begin(slept, one, () => new Promise<void>((resolve) => (end = resolve)));
    expect((await make().handle(await request(one))).status).toBe(409);
    clock.advance(30_000);
    await begin(make(), one);
    expect((await make().handle(await request(one))).status).toBe(409);
    end();
    expect((await answered).status).toBe(409);
    expect(errors).toEqual(['duplicate_in_progress']);
  });

  it('keeps the claim after a handler timeout until the handlers have ended', async () => {
    let end: () => void = () => undefined;
    let runs = 0;
    const receiver = make({}, { handlerTimeoutMs: 20 }).onAny(() => {
      runs += 1;
      return runs === 1 ? new Promise<void>((resolve) => (end = resolve)) : undefined;
    });
    const one = event(clock.now());
    expect((await receiver.handle(await request(one))).status).toBe(503);
    expect((await receiver.handle(await request(one))).status).toBe(409);
    end();
    await vi.waitFor(async () => expect((await receiver.handle(await request(one))).status).toBe(200));
    expect(runs).toBe(2);
  });

  describe('that is down or slow', () => {
    const down = () => Promise.reject(new Error('ECONNREFUSED'));
    const silent = () => new Promise<never>(() => undefined);
    const throwing = () => {
      throw new Error('not even a promise');
    };
    /** A thenable that is no promise. */
    const thenable = () => ({
      then() {
        throw new Error('no promise either');
      },
    });

    it.each([
      ['down', down],
      ['silent', silent],
      ['throwing', throwing],
      ['a thenable that throws', thenable],
    ])(
      '(%s) answers 503 within its time limit at the claim, without running a handler, and recovers',
      async (_, claim) => {
        let runs = 0;
        const failing = { ...store, claim: claim as ReplayStore['claim'] };
        const receiver = make({ store: failing, timeoutMs: 30 }).onAny(() => (runs += 1));
        const one = event(clock.now());
        const startedMs = performance.now();
        const answer = await receiver.handle(await request(one));
        expect([answer.status, await answer.text()]).toEqual([503, '{"error":"replay_store_unavailable"}']);
        expect(performance.now() - startedMs).toBeLessThan(1_000);
        expect(runs).toBe(0);
        failing.claim = (...args) => store.claim(...args);
        expect((await receiver.handle(await request(one))).status).toBe(200);
        expect(runs).toBe(1);
      },
    );

    it('releases a claim that is granted after the time limit', async () => {
      let runs = 0;
      const late: unknown[] = [];
      const slow: ReplayStore = {
        ...store,
        async claim(...args) {
          await new Promise((resolve) => setTimeout(resolve, 60));
          return store.claim(...args);
        },
        release(...args) {
          const released = store.release(...args);
          late.push(released);
          return released;
        },
      };
      const one = event(clock.now());
      expect((await make({ store: slow, timeoutMs: 20 }).handle(await request(one))).status).toBe(503);
      await vi.waitFor(() => expect(late).toHaveLength(1));
      expect(await late[0]).toBe(true);
      const receiver = make().onAny(() => (runs += 1));
      expect((await receiver.handle(await request(one))).status).toBe(200);
      expect(runs).toBe(1);
    });

    it.each([
      ['down', down],
      ['silent', silent],
      ['throwing', throwing],
      ['a thenable that throws', thenable],
    ])(
      '(%s) answers 503 at the completion, since the event is not stored as handled',
      async (_, complete) => {
        const codes: string[] = [];
        const receiver = make({ store: { ...store, complete }, timeoutMs: 30 })
          .onAny(() => undefined)
          .onError((error) => codes.push(error.code));
        expect((await receiver.handle(await request(event(clock.now())))).status).toBe(503);
        expect(codes).toEqual(['replay_store_unavailable']);
      },
    );

    it.each([
      ['down', down],
      ['silent', silent],
      ['throwing', throwing],
      ['a thenable that throws', thenable],
    ])('(%s) answers with the failure of the handler at the release', async (_, release) => {
      const receiver = make({ store: { ...store, release }, timeoutMs: 30 }).onAny(() => {
        throw new Error('no');
      });
      expect((await receiver.handle(await request(event(clock.now())))).status).toBe(500);
    });
  });

  it.each([
    {},
    { store: undefined as never },
    { store: {} as never },
    { store: createMemoryReplayStore(), windowSeconds: 0 },
    { store: createMemoryReplayStore(), leaseSeconds: -1 },
    { store: createMemoryReplayStore(), windowSeconds: Infinity },
    { store: createMemoryReplayStore(), leaseSeconds: 2 ** 22 },
    { store: createMemoryReplayStore(), timeoutMs: Number.NaN },
  ])('rejects the options %o at set-up', (replay) => {
    expect(() => createReceiver({ secret, replay: replay as ReplayOptions })).toThrow(TypeError);
  });
});
