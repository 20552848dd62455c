// The slots of requests: limits in total, per account and per endpoint, and pings that wait for one.
import { describe, expect, it } from 'vitest';
import { InFlight, type Slot } from '../../../src/sender/delivery/in-flight.js';
import { PingSlots } from '../../../src/sender/delivery/ping-slots.js';
import { createTime } from '../../../src/sender/time.js';
import { createVirtualClock } from '../../../src/testing/index.js';

const limits = { maxInFlight: 8, maxInFlightPerAccount: 4, maxInFlightPerEndpoint: 3 };
const slot = (kind: 'first' | 'retry', ownerId = 'acc_1', endpointId = 'wh_1'): Slot => ({
  kind,
  ownerId,
  endpointId,
});
const flush = () => new Promise((resolve) => setImmediate(resolve));

describe('InFlight', () => {
  it('gives retries half of each limit, rounded up', () => {
    const inFlight = new InFlight(limits);
    expect(inFlight.capacity('retry')).toBe(4);
    expect(inFlight.accountCapacity('retry', 'acc_1')).toBe(2);
    expect(inFlight.endpointCapacity('retry', 'wh_1')).toBe(2);
    expect(inFlight.capacity('first')).toBe(8);
    expect(inFlight.accountCapacity('first', 'acc_1')).toBe(4);
    expect(inFlight.endpointCapacity('first', 'wh_1')).toBe(3);
  });

  it('counts a slot in total, for its account and for its endpoint until it is released', () => {
    const inFlight = new InFlight(limits);
    const capacities = () => [
      inFlight.capacity('first'),
      inFlight.capacity('retry'),
      inFlight.accountCapacity('first', 'acc_1'),
      inFlight.accountCapacity('retry', 'acc_1'),
      inFlight.endpointCapacity('first', 'wh_1'),
      inFlight.endpointCapacity('retry', 'wh_1'),
      inFlight.accountCapacity('first', 'acc_2'),
      inFlight.endpointCapacity('first', 'wh_2'),
    ];
    const before = capacities();
    inFlight.acquire(slot('retry'));
    expect(capacities()).toEqual([7, 3, 3, 1, 2, 1, 4, 3]);
    inFlight.acquire(slot('first'));
    expect(capacities()).toEqual([6, 3, 2, 1, 1, 1, 4, 3]);
    inFlight.release(slot('retry'));
    inFlight.release(slot('first'));
    expect(capacities()).toEqual(before);
  });

  it('counts a ping for its account but not for its endpoint', () => {
    const inFlight = new InFlight(limits);
    inFlight.acquire({ kind: 'ping', ownerId: 'acc_1' });
    expect(inFlight.capacity('first')).toBe(7);
    expect(inFlight.accountCapacity('first', 'acc_1')).toBe(3);
    expect(inFlight.endpointCapacity('first', 'wh_1')).toBe(3);
  });
});

describe('PingSlots', () => {
  function setUp(given: Partial<typeof limits> = {}) {
    const clock = createVirtualClock();
    const inFlight = new InFlight({ ...limits, ...given });
    const pingSlots = new PingSlots(inFlight, createTime(clock));
    const log: string[] = [];
    /** Starts a ping that runs until the returned function is called. */
    const ping = (name: string, ownerId: string): (() => void) => {
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      void pingSlots.run(ownerId, 1_000, (hasSlot) => {
        log.push(`${name} ${hasSlot ? 'runs' : 'has no slot'}`);
        return ended;
      });
      return end;
    };
    return { clock, inFlight, pingSlots, log, ping };
  }

  it('admits pings of accounts in turn, although one slot becomes free at a time', async () => {
    const { log, ping } = setUp({ maxInFlight: 1 });
    const a = [1, 2, 3, 4].map((number) => ping(`a${number}`, 'a'));
    const b = [1, 2].map((number) => ping(`b${number}`, 'b'));
    for (const [ended, end] of [a[0]!, a[1]!, b[0]!, a[2]!, b[1]!].entries()) {
      await flush();
      expect(log).toHaveLength(ended + 1);
      end();
    }
    await flush();
    expect(log.map((line) => line.replace(' runs', ''))).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
  });

  it('admits pings of other accounts while one account is at its limit', async () => {
    const { log, ping } = setUp({ maxInFlightPerAccount: 1 });
    for (const [name, ownerId] of [
      ['a1', 'a'],
      ['a2', 'a'],
      ['b1', 'b'],
    ] as const) {
      ping(name, ownerId);
    }
    await flush();
    expect(log).toEqual(['a1 runs', 'b1 runs']);
  });

  it('runs a ping without a slot after its time limit, and takes no slot for it', async () => {
    const { clock, inFlight, log, ping } = setUp({ maxInFlight: 1 });
    const end = ping('a1', 'a');
    ping('a2', 'a');
    clock.advance(999);
    await flush();
    expect(log).toEqual(['a1 runs']);
    clock.advance(1);
    await flush();
    expect(log).toEqual(['a1 runs', 'a2 has no slot']);
    end();
    await flush();
    expect(inFlight.capacity('first')).toBe(1);
  });

  it('lets pings wait while it is paused', async () => {
    const { pingSlots, log, ping } = setUp();
    pingSlots.pause();
    for (const name of ['a1', 'a2', 'a3']) ping(name, 'a');
    await flush();
    expect(log).toEqual([]);
    pingSlots.resume();
    await flush();
    expect(log).toEqual(['a1 runs', 'a2 runs', 'a3 runs']);
  });

  it('runs waiting pings without a slot after rejectAll', async () => {
    const { pingSlots, log, ping } = setUp({ maxInFlight: 1 });
    for (const name of ['a1', 'a2']) ping(name, 'a');
    ping('b1', 'b');
    pingSlots.rejectAll();
    await flush();
    expect(log).toEqual(['a1 runs', 'a2 has no slot', 'b1 has no slot']);
  });
});
