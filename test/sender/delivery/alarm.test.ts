// The time at which the sender polls again.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Alarm } from '../../../src/sender/delivery/alarm.js';
import { createTime } from '../../../src/sender/time.js';
import { createVirtualClock } from '../../../src/testing/index.js';

describe('the alarm', () => {
  let clock: ReturnType<typeof createVirtualClock>;
  let nowMs: number;
  let alarm: Alarm;
  const nextAlarmMs = vi.fn<(afterMs: number) => Promise<number | undefined>>();
  const ring = vi.fn();

  beforeEach(() => {
    vi.resetAllMocks();
    clock = createVirtualClock();
    nowMs = clock.now();
    alarm = new Alarm({ nextAlarmMs }, createTime(clock), ring);
    alarm.enable();
  });

  it('rings once, at the earliest of the given times', () => {
    alarm.ringBy(nowMs + 200);
    alarm.ringBy(nowMs + 100);
    alarm.ringBy(nowMs + 300);
    clock.advance(99);
    expect(ring).not.toHaveBeenCalled();
    clock.advance(1);
    expect(ring).toHaveBeenCalledTimes(1);
    clock.advance(1_000);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('does not ring before it is enabled or after it is disabled', () => {
    const other = new Alarm({ nextAlarmMs }, createTime(clock), ring);
    other.ringBy(nowMs + 100);
    alarm.ringBy(nowMs + 100);
    alarm.disable();
    alarm.ringBy(nowMs + 100);
    clock.advance(1_000);
    expect(ring).not.toHaveBeenCalled();
  });

  it('asks the store for the next due time only once while it is known', async () => {
    nextAlarmMs.mockResolvedValue(nowMs + 100);
    await alarm.findNext(nowMs);
    await alarm.findNext(nowMs + 99);
    expect(nextAlarmMs).toHaveBeenCalledTimes(1);
    expect(nextAlarmMs).toHaveBeenCalledWith(nowMs);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('asks the store again after a due time has passed, after it has rung and after a retry', async () => {
    nextAlarmMs.mockResolvedValueOnce(nowMs + 100);
    await alarm.findNext(nowMs);
    nextAlarmMs.mockResolvedValueOnce(nowMs + 200);
    await alarm.findNext(nowMs + 100);
    expect(nextAlarmMs).toHaveBeenCalledTimes(2);
    clock.advance(200);
    expect(ring).toHaveBeenCalledTimes(1);
    nextAlarmMs.mockResolvedValue(nowMs + 500);
    await alarm.findNext(nowMs + 200);
    alarm.retryBy(nowMs + 400);
    await alarm.findNext(nowMs + 200);
    expect(nextAlarmMs).toHaveBeenCalledTimes(4);
  });

  it('asks the store if it knows a due time that need not be the earliest', async () => {
    alarm.ringBy(nowMs + 300);
    nextAlarmMs.mockResolvedValue(nowMs + 100);
    await alarm.findNext(nowMs);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('asks the store again after it was cleared, although it has learnt a due time since', async () => {
    nextAlarmMs.mockResolvedValue(nowMs + 100);
    await alarm.findNext(nowMs);
    alarm.clear();
    alarm.ringBy(nowMs + 300);
    await alarm.findNext(nowMs);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('keeps the due time that it knows if the store has none', async () => {
    nextAlarmMs.mockResolvedValue(undefined);
    alarm.ringBy(nowMs + 100);
    await alarm.findNext(nowMs);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('asks the store each time while no due time is known', async () => {
    nextAlarmMs.mockResolvedValueOnce(undefined);
    await alarm.findNext(nowMs);
    nextAlarmMs.mockResolvedValueOnce(nowMs + 100);
    await alarm.findNext(nowMs);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('rings again at a later time that it is given after it has rung', () => {
    alarm.ringBy(nowMs + 100);
    clock.advance(100);
    alarm.ringBy(nowMs + 200);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(2);
  });

  it('is past at its due time', () => {
    expect(alarm.isPast(nowMs)).toBe(false);
    alarm.ringBy(nowMs + 100);
    expect([alarm.isPast(nowMs + 99), alarm.isPast(nowMs + 100)]).toEqual([false, true]);
    alarm.clear();
    expect(alarm.isPast(nowMs + 100)).toBe(false);
  });
});
