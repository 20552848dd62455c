// When the sender polls its store by itself.
import { describe, expect, it, vi } from 'vitest';
import { Alarm } from '../../../src/sender/delivery/alarm.js';
import { createTime } from '../../../src/sender/time.js';
import { createVirtualClock } from '../../../src/testing/index.js';

function setUp(nextMs?: number, isEnabled = true) {
  const clock = createVirtualClock();
  const startMs = clock.now();
  const nextAlarmMs = vi.fn(async () => (nextMs === undefined ? undefined : startMs + nextMs));
  const ring = vi.fn();
  const alarm = new Alarm({ nextAlarmMs }, createTime(clock), ring);
  if (isEnabled) alarm.enable();
  return { clock, startMs, nextAlarmMs, ring, alarm };
}

describe('Alarm', () => {
  it('rings once, at its due time', () => {
    const { alarm, clock, startMs, ring } = setUp();
    alarm.ringBy(startMs + 100);
    clock.advance(99);
    expect(ring).not.toHaveBeenCalled();
    clock.advance(1);
    clock.advance(1_000);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('rings by the earliest of several due times', () => {
    const { alarm, clock, startMs, ring } = setUp();
    for (const ms of [200, 100, 300]) alarm.ringBy(startMs + ms);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(1);
    clock.advance(1_000);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('accepts a later due time after it has rung', () => {
    const { alarm, clock, startMs, ring } = setUp();
    alarm.ringBy(startMs + 100);
    clock.advance(100);
    alarm.ringBy(startMs + 300);
    clock.advance(200);
    expect(ring).toHaveBeenCalledTimes(2);
  });

  it('rings at once for a due time in the past', () => {
    const { alarm, clock, startMs, ring } = setUp();
    alarm.ringBy(startMs - 100);
    clock.advance(0);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('does not ring before it is enabled', () => {
    const { alarm, clock, startMs, ring } = setUp(undefined, false);
    alarm.ringBy(startMs + 100);
    clock.advance(1_000);
    expect(ring).not.toHaveBeenCalled();
  });

  it('does not ring after it is disabled, and sets no further alarm', () => {
    const { alarm, clock, startMs, ring } = setUp();
    alarm.ringBy(startMs + 100);
    alarm.disable();
    alarm.ringBy(startMs + 200);
    clock.advance(1_000);
    expect(ring).not.toHaveBeenCalled();
  });

  it('is past from its due time on', () => {
    const { alarm, startMs } = setUp();
    expect(alarm.isPast(startMs + 1_000)).toBe(false);
    alarm.ringBy(startMs + 100);
    expect(alarm.isPast(startMs + 99)).toBe(false);
    expect(alarm.isPast(startMs + 100)).toBe(true);
  });

  it('asks the store for the next due time, and not again while that alarm is left', async () => {
    const { alarm, clock, startMs, nextAlarmMs, ring } = setUp(100);
    await alarm.findNext(startMs);
    await alarm.findNext(startMs);
    expect(nextAlarmMs).toHaveBeenCalledTimes(1);
    clock.advance(100);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('asks the store if its alarm may not be the earliest', async () => {
    const { alarm, clock, startMs, nextAlarmMs, ring } = setUp(50);
    alarm.ringBy(startMs + 100);
    await alarm.findNext(startMs);
    expect(nextAlarmMs).toHaveBeenCalledTimes(1);
    clock.advance(50);
    expect(ring).toHaveBeenCalledTimes(1);
  });

  it('asks the store again after its alarm has passed, after a retry and after it was cleared', async () => {
    const { alarm, startMs, nextAlarmMs } = setUp(100);
    await alarm.findNext(startMs);
    await alarm.findNext(startMs + 100);
    expect(nextAlarmMs).toHaveBeenCalledTimes(2);
    alarm.retryBy(startMs + 1_000);
    await alarm.findNext(startMs);
    expect(nextAlarmMs).toHaveBeenCalledTimes(3);
    alarm.clear();
    await alarm.findNext(startMs);
    expect(nextAlarmMs).toHaveBeenCalledTimes(4);
  });

  it('sets no alarm if the store has no due time', async () => {
    const { alarm, clock, startMs, ring } = setUp();
    await alarm.findNext(startMs);
    clock.advance(1_000_000);
    expect(ring).not.toHaveBeenCalled();
    expect(alarm.isPast(Infinity)).toBe(false);
  });

  it('rings by the time of a retry', () => {
    const { alarm, clock, startMs, ring } = setUp();
    alarm.retryBy(startMs + 1_000);
    clock.advance(1_000);
    expect(ring).toHaveBeenCalledTimes(1);
  });
});
