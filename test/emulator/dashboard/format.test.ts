import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatJson,
  formatRelative,
} from '../../../src/emulator/dashboard/format.js';
import { isWebUrl } from '../../../src/emulator/dashboard/links.js';

describe('formatRelative', () => {
  it.each([
    [0, 'now'],
    [999, 'now'],
    [-1_000, '1 s ago'],
    [59_999, 'in 59 s'],
    [60_000, 'in 1 min'],
    [-3_599_999, '59 min ago'],
    [7_200_000, 'in 2 h'],
    [-172_799_999, '47 h ago'],
    [-172_800_000, '2 days ago'],
  ])('formats a distance of %i ms as %s', (distanceMs, text) => {
    expect(formatRelative(1_000_000_000 + distanceMs, 1_000_000_000)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0.4, '0 ms'],
    [15.2, '15 ms'],
    [4_240, '4.2 s'],
    [60_000, '1 min'],
    [9_370_000, '2 h 36 min'],
    [90_000_000, '1 d 1 h'],
    [3_601_000, '1 h'],
  ])('formats %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

it('formats exact times, bytes, counts and JSON', () => {
  expect(formatExact(Date.UTC(2026, 0, 31, 8))).toBe('2026-01-31 08:00:00.000 UTC');
  expect(formatBytes(1_023)).toBe('1023 B');
  expect(formatBytes(12_595)).toBe('12.3 KiB');
  expect(formatCount(1, 'attempt')).toBe('1 attempt');
  expect(formatCount(0, 'attempt')).toBe('0 attempts');
  expect(formatJson('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(formatJson('<html>')).toBeUndefined();
});

it.each([
  ['https://example.com/', true],
  ['HTTP://localhost:3000', true],
  ['javascript:alert(1)', false],
  [' javascript:alert(1)', false],
  ['data:text/html,x', false],
  ['http://', false],
])('tells whether %j may be a link', (url, may) => {
  expect(isWebUrl(url)).toBe(may);
});
