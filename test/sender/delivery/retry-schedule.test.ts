// The time of the next attempt, and how Retry-After changes it.
import { describe, expect, it } from 'vitest';
import {
  defaultRetryScheduleSeconds,
  nextAttempt,
  retryAfterMs,
} from '../../../src/sender/delivery/retry-schedule.js';

const nowMs = Date.parse('2026-01-31T08:00:00Z');

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 120 ', 120_000],
    ['999999999', 999_999_999_000],
    ['Sat, 31 Jan 2026 08:00:30 GMT', 30_000],
    ['Saturday, 31-Jan-26 08:00:30 GMT', 30_000],
    ['Sat Jan 31 08:00:30 2026 GMT', 30_000],
  ])('parses %j as %i ms', (value, expected) => {
    expect(retryAfterMs(value, nowMs)).toBe(expected);
  });

  it.each([
    undefined,
    '',
    '-1',
    '1.5',
    '1e3',
    '1234567890',
    '10 s',
    'soon',
    'on Sat, 31 Jan 2026 08:00:30 GMT',
    '2026-01-31T08:00:30Z',
    'Sat, 31 Jan 2026 07:59:59 GMT',
    'Sat, 31 Jan 2026 08:00:00 GMT',
  ])('ignores %j', (value) => {
    expect(retryAfterMs(value, nowMs)).toBeUndefined();
  });
});

describe('nextAttempt', () => {
  const next = (number: number, askedMs?: number, jitter = 0) =>
    nextAttempt(number, defaultRetryScheduleSeconds, askedMs, jitter);

  it.each([
    [1, 10],
    [2, 60],
    [3, 300],
    [4, 1_800],
    [5, 7_200],
  ])('schedules retry %i after %i s', (number, seconds) => {
    const reason = `retry ${number} of 5, after ${seconds} s`;
    expect(next(number)).toEqual({ delayMs: seconds * 1_000, reason });
  });

  it('returns undefined after the last retry', () => {
    expect(next(6)).toBeUndefined();
    expect(next(6, 60_000)).toBeUndefined();
    expect(nextAttempt(1, [], undefined, 0)).toBeUndefined();
  });

  it.each([0, 1, 9_999, 10_000])('keeps the interval if Retry-After asks for %i ms', (askedMs) => {
    expect(next(1, askedMs)).toEqual({ delayMs: 10_000, reason: 'retry 1 of 5, after 10 s' });
  });

  it('keeps an interval of zero if Retry-After is zero', () => {
    expect(nextAttempt(1, [0], 0, 0)).toEqual({ delayMs: 0, reason: 'retry 1 of 1, after 0 s' });
  });

  it('lengthens the interval to Retry-After', () => {
    const reason = 'retry 1 of 5, after 11 s: asked for by Retry-After';
    expect(next(1, 10_001)).toEqual({ delayMs: 10_001, reason });
  });

  it('lengthens the interval to two hours at most', () => {
    expect(next(1, 7_200_001)?.delayMs).toBe(7_200_000);
  });

  it('adds jitter to the interval', () => {
    expect(next(1, undefined, 0.25)).toEqual({ delayMs: 12_500, reason: 'retry 1 of 5, after 13 s' });
    expect(next(1, 12_500, 0.25)?.reason).toBe('retry 1 of 5, after 13 s');
    expect(next(1, 12_501, 0.25)?.reason).toBe('retry 1 of 5, after 13 s: asked for by Retry-After');
  });
});
