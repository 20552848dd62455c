// The check of the value that a transport returns.
import { describe, expect, it } from 'vitest';
import { toAttemptResult } from '../../../src/sender/delivery/attempt-result.js';

const timings = { totalMs: 5 };

describe('toAttemptResult', () => {
  it('returns a result with every field', () => {
    const result = {
      address: '93.184.215.14',
      timings: { dnsMs: 1, connectMs: 1, tlsMs: 1, waitMs: 1, bodyMs: 1, totalMs: 5 },
      status: 200,
      responseHeaders: { 'content-type': 'text/plain' },
      responseBody: 'ok',
      error: 'none',
    };
    expect(toAttemptResult(result)).toBe(result);
  });

  it.each([
    { timings },
    { timings, status: undefined, error: undefined },
    { timings: { ...timings, dnsMs: undefined } },
    { timings, status: 100 },
    { timings, status: 999 },
    { timings, responseHeaders: {} },
  ])('accepts %j', (result) => {
    expect(toAttemptResult(result)).toBe(result);
  });

  it.each([
    undefined,
    null,
    'ok',
    {},
    { status: 200 },
    { timings: null },
    { timings: 5 },
    { timings: {} },
    { timings: { totalMs: Number.NaN } },
    { timings: { totalMs: '5' } },
    { timings: { totalMs: 5, dnsMs: Infinity } },
    { timings: { totalMs: 5, otherMs: 1 } },
    { timings, status: 99 },
    { timings, status: 1_000 },
    { timings, status: 200.5 },
    { timings, status: '200' },
    { timings, address: 1 },
    { timings, error: new Error('down') },
    { timings, responseBody: new Uint8Array(1) },
    { timings, responseHeaders: null },
    { timings, responseHeaders: 'none' },
    { timings, responseHeaders: { 'set-cookie': ['a'] } },
    { timings, other: 1 },
    { timings, toString: 1 },
  ])('rejects %o', (value) => {
    expect(toAttemptResult(value)).toBeUndefined();
  });

  it('truncates a response body that is longer than 16,384 characters', () => {
    const responseBody = 'x'.repeat(16_384);
    const whole = { timings, responseBody };
    expect(toAttemptResult(whole)).toBe(whole);
    expect(toAttemptResult({ timings, responseBody: `${responseBody}y` })).toEqual(whole);
  });
});
