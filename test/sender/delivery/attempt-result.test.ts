// The values that a transport may return.
import { describe, expect, it } from 'vitest';
import { toAttemptResult } from '../../../src/sender/delivery/attempt-result.js';

const timings = { totalMs: 1 };

describe('toAttemptResult', () => {
  it.each([
    { timings },
    { timings: { dnsMs: 0, connectMs: 1, tlsMs: 2, waitMs: 3, bodyMs: 4, totalMs: 10 } },
    { timings: { totalMs: 1, dnsMs: undefined } },
    { timings, status: 100 },
    { timings, status: 999 },
    { timings, status: undefined, error: undefined },
    { timings, address: '8.8.8.8:443', responseHeaders: { a: 'b' }, responseBody: '', error: 'x' },
    { timings, requestHeaders: { 'x-hostwares-timestamp': '1' }, note: 'an hour old' },
  ])('returns %j unchanged', (value) => {
    expect(toAttemptResult(value)).toBe(value);
  });

  it.each<unknown>([
    undefined,
    null,
    'ok',
    {},
    { timings: null },
    { timings: {} },
    { timings: { totalMs: '1' } },
    { timings: { totalMs: NaN } },
    { timings: { totalMs: 1, dnsMs: '1' } },
    { timings: { totalMs: 1, otherMs: 1 } },
    { timings, status: 99 },
    { timings, status: 1_000 },
    { timings, status: 200.5 },
    { timings, status: '200' },
    { timings, responseHeaders: null },
    { timings, responseHeaders: 'a: b' },
    { timings, responseHeaders: { a: 1 } },
    { timings, responseBody: new Uint8Array() },
    { timings, error: new Error('x') },
    { timings, requestHeaders: null },
    { timings, requestHeaders: { a: undefined } },
    { timings, requestHeaders: 'a: b' },
    { timings, note: null },
    { timings, note: 1 },
    { timings, other: 1 },
    { timings, toString: 'x' },
  ])('rejects %j', (value) => {
    expect(toAttemptResult(value)).toBeUndefined();
  });

  it('truncates a response body to 16,384 characters', () => {
    const atLimit = { timings, responseBody: 'x'.repeat(16_384) };
    expect(toAttemptResult(atLimit)).toBe(atLimit);
    const tooLong = { timings, responseBody: 'x'.repeat(16_385) };
    expect(toAttemptResult(tooLong)).toEqual(atLimit);
  });
});
