// The clock of the emulator: follows the machine's, stands still, is moved; it never goes back.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AdjustableClock, createMachineTime } from '../../src/emulator/clock.js';

describe('the machine time', () => {
  let wallMs: number;
  let monotonicMs: number;
  let time: () => number;
  beforeEach(() => {
    wallMs = 1_000_000;
    monotonicMs = 5.5;
    time = createMachineTime(
      () => wallMs,
      () => monotonicMs,
    );
  });

  it('is the wall time, in whole milliseconds', () => {
    expect(time()).toBe(1_000_000);
    monotonicMs += 10.7;
    wallMs += 10;
    expect(time()).toBe(1_000_010);
  });

  it('goes on if the wall clock is set back', () => {
    expect(time()).toBe(1_000_000);
    wallMs -= 3_600_000;
    monotonicMs += 20;
    expect(time()).toBe(1_000_020);
  });

  it('follows a wall clock that went on while the monotonic one stood still, as in a sleep', () => {
    wallMs += 3_600_000;
    expect(time()).toBe(4_600_000);
    wallMs -= 3_600_000;
    monotonicMs += 1;
    expect(time()).toBe(4_600_001);
  });
});

describe('the clock', () => {
  let machineMs: number;
  let clock: AdjustableClock;
  let calls: string[];
  const onMove = vi.fn();
  const call = (name: string) => () => calls.push(`${name} at ${clock.now()}`);

  /** Lets real timers of the clock run. */
  function pass(ms: number): void {
    machineMs += ms;
    vi.advanceTimersByTime(ms);
  }

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    machineMs = 1_000;
    calls = [];
    onMove.mockClear();
    clock = new AdjustableClock({ machineTime: () => machineMs, onMove });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('follows the machine, and is ahead of it by aheadMs', () => {
    expect(clock.now()).toBe(1_000);
    expect(new AdjustableClock({ machineTime: () => machineMs, aheadMs: 500 }).now()).toBe(1_500);
  });

  it('runs timers when their time has come, in order', () => {
    clock.setTimeout(call('b'), 20);
    clock.setTimeout(call('a'), 10);
    const cancel = clock.setTimeout(call('cancelled'), 15);
    cancel();
    pass(10);
    expect(calls).toEqual(['a at 1010']);
    pass(10);
    expect(calls).toEqual(['a at 1010', 'b at 1020']);
  });

  it('runs a timer within 5 s after the sleep of a machine, in which timers of Node stand still', () => {
    clock.setTimeout(call('a'), 3_600_000);
    machineMs += 3_600_000;
    vi.advanceTimersByTime(5_000);
    expect(calls).toEqual(['a at 3601000']);
  });

  it('moves forward, and runs the timers that are due then with the new time, in order', () => {
    clock.setTimeout(call('b'), 20);
    clock.setTimeout(call('a'), 10);
    clock.setTimeout(call('later'), 101);
    clock.advanceTo(1_100);
    expect(calls).toEqual(['a at 1100', 'b at 1100']);
    expect(onMove.mock.calls).toEqual([[100]]);
    pass(1);
    expect(calls.at(-1)).toBe('later at 1101');
  });

  it('does not run a timer that an earlier one cancelled', () => {
    let cancel = (): void => undefined;
    clock.setTimeout(() => {
      cancel();
    }, 10);
    cancel = clock.setTimeout(call('cancelled'), 20);
    clock.advanceTo(2_000);
    expect(calls).toEqual([]);
  });

  it('does not go back', () => {
    clock.advanceTo(2_000);
    clock.advanceTo(1_500);
    expect(clock.now()).toBe(2_000);
    expect(onMove).toHaveBeenCalledTimes(1);
  });

  it('stands still while it is paused, and goes on from there', () => {
    clock.setTimeout(call('a'), 10);
    clock.pause();
    clock.pause();
    pass(50);
    expect([clock.now(), clock.isPaused, calls]).toEqual([1_000, true, []]);
    clock.resume();
    clock.resume();
    expect([clock.now(), clock.isPaused]).toEqual([1_000, false]);
    pass(10);
    expect(calls).toEqual(['a at 1010']);
  });

  it('can be moved while it is paused, and runs what is due', () => {
    clock.pause();
    clock.setTimeout(call('now'), 0);
    pass(1);
    clock.setTimeout(call('later'), 100);
    clock.advanceTo(1_100);
    expect(calls).toEqual(['now at 1000', 'later at 1100']);
    expect(clock.now()).toBe(1_100);
  });

  it('counts no move as monotonic time, so that nothing in flight expires', () => {
    const startMs = clock.monotonic();
    clock.advanceTo(10_000);
    expect(clock.monotonic()).toBe(startMs);
    pass(5);
    expect(clock.monotonic()).toBe(startMs + 5);
    clock.pause();
    pass(5);
    expect(clock.monotonic()).toBe(startMs + 5);
  });

  it('dates what is sent with the wall time of the machine', () => {
    clock.advanceTo(Date.now() + 1e9);
    expect(Math.abs(clock.timestamp() - Date.now())).toBeLessThan(1_000);
  });
});
