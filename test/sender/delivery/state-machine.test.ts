// The delivery contract as pure functions: each transition at its limits.
import { describe, expect, it } from 'vitest';
import {
  begin,
  cancel,
  giveUp,
  release,
  schedule,
  settle,
  type AttemptEnd,
} from '../../../src/sender/delivery/state-machine.js';
import type { AttemptRecord, DeliveryRecord, EndpointRecord } from '../../../src/sender/records.js';
import { attempt as attemptOf, delivery, endpoint } from '../../support/sender-records.js';

const nowMs = 1_000_000;
const rules = { retryScheduleSeconds: [10, 60] };

const endpointWith = (given: Partial<EndpointRecord> = {}) =>
  endpoint('wh_1', { accountId: 'acc_1', url: 'https://example.com/hook', ...given });
const deliveryWith = (given: Partial<DeliveryRecord> = {}) =>
  delivery('dlv_1', 'evt_1', { dueAtMs: nowMs, ...given });

const attempting = (given: Partial<DeliveryRecord> = {}): DeliveryRecord =>
  deliveryWith({
    status: 'attempting',
    attempts: 1,
    dueAtMs: null,
    token: 'token_1',
    leaseUntilMs: nowMs + 30_000,
    ...given,
  });

const attempt = attemptOf('dlv_1', { url: 'https://example.com/hook', startedAtMs: nowMs });

const disabled = endpointWith({ status: 'disabled', disabledReason: 'manual', disabledAtMs: 1 });
const failing = endpointWith({ failingSinceMs: 5, lastError: 'HTTP 500' });
const idle = { token: null, leaseUntilMs: null };

describe('schedule', () => {
  it('holds a delivery to a disabled endpoint', () => {
    expect(schedule(attempting(), disabled, nowMs)).toMatchObject({ status: 'held', dueAtMs: null, ...idle });
  });

  it('cancels a delivery without an endpoint', () => {
    const cancelled = { status: 'cancelled', dueAtMs: null, ...idle };
    expect(schedule(attempting(), undefined, nowMs)).toMatchObject(cancelled);
  });

  it('schedules a delivery to an enabled endpoint', () => {
    const scheduled = { status: 'scheduled', dueAtMs: nowMs, ...idle };
    expect(schedule(attempting(), endpointWith(), nowMs)).toMatchObject(scheduled);
  });
});

describe('begin', () => {
  const start = { nowMs, token: 'token_1', leaseMs: 30_000 };
  const beginWith = (delivery: DeliveryRecord, endpoint: EndpointRecord | undefined = endpointWith()) =>
    begin({ delivery, endpoint, attempt: undefined }, start);

  it('begins an attempt of a delivery that is due now', () => {
    const change = beginWith(deliveryWith());
    expect(change?.delivery).toEqual(attempting());
    expect(change?.attempt).toEqual(attempt);
    expect(change?.endpoint).toBeUndefined();
  });

  it.each([
    ['is due later', deliveryWith({ dueAtMs: nowMs + 1 })],
    ['has no due time', deliveryWith({ dueAtMs: null })],
    ['is being attempted', attempting({ dueAtMs: nowMs })],
    ['is held', deliveryWith({ status: 'held' })],
    ['has succeeded', deliveryWith({ status: 'succeeded' })],
  ])('changes nothing if the delivery %s', (_, delivery) => {
    expect(beginWith(delivery)).toBeUndefined();
  });

  it('holds a delivery to a disabled endpoint, but begins a ping', () => {
    expect(beginWith(deliveryWith(), disabled)).toMatchObject({ delivery: { status: 'held', attempts: 0 } });
    expect(beginWith(deliveryWith({ kind: 'ping' }), disabled)?.delivery.status).toBe('attempting');
  });

  it('cancels a delivery, or a ping, whose endpoint was deleted', () => {
    for (const kind of ['automatic', 'manual', 'ping'] as const) {
      const rows = { delivery: deliveryWith({ kind }), endpoint: undefined, attempt: undefined };
      expect(begin(rows, start)).toMatchObject({ delivery: { status: 'cancelled', attempts: 0 } });
    }
  });
});

describe('settle', () => {
  const timings = { totalMs: 1 };
  const settleWith = (
    end: Partial<AttemptEnd>,
    rows: { delivery?: DeliveryRecord; endpoint?: EndpointRecord | undefined; attempt?: AttemptRecord } = {},
  ) =>
    settle(
      { delivery: attempting(), endpoint: endpointWith(), attempt, ...rows },
      { nowMs, token: 'token_1', result: { status: 500, timings }, requestHeaders: {}, jitter: 0, ...end },
      rules,
    );
  const status = (code: number, headers: Record<string, string> = {}) => ({
    result: { status: code, responseHeaders: headers, timings },
  });

  it.each([
    ['the token is another', { token: 'token_2' }, {}],
    ['the delivery is not being attempted', {}, { delivery: deliveryWith({ token: 'token_1' }) }],
  ])('changes nothing if %s', (_, end, rows) => {
    expect(settleWith(end, rows)).toBeUndefined();
  });

  it('changes nothing without an attempt', () => {
    const rows = { delivery: attempting(), endpoint: endpointWith(), attempt: undefined };
    const end = { nowMs, token: 'token_1', ...status(200), requestHeaders: {}, jitter: 0 };
    expect(settle(rows, end, rules)).toBeUndefined();
  });

  it.each([200, 204, 299])('succeeds on %i', (code) => {
    const change = settleWith(status(code));
    expect(change?.delivery).toMatchObject({ status: 'succeeded', dueAtMs: null, ...idle });
    expect(change?.attempt).toMatchObject({ outcome: 'success', reason: 'delivered', endedAtMs: nowMs });
  });

  it.each([200, 500])('on %i, records the headers that the transport sent, and its note', (code) => {
    const requestHeaders = { 'x-hostwares-timestamp': 'changed' };
    const result = { status: code, timings, note: 'an hour old' };
    const change = settleWith({
      result: { ...result, requestHeaders },
      requestHeaders: { 'x-hostwares-timestamp': 'given' },
    });
    expect(change?.attempt).toMatchObject({ requestHeaders, result });
    // The headers are stored once.
    expect(change?.attempt?.result).not.toHaveProperty('requestHeaders');
  });

  it('records the headers that the transport was given if it names no others', () => {
    const requestHeaders = { 'x-hostwares-timestamp': 'given' };
    expect(settleWith({ requestHeaders })?.attempt).toMatchObject({ requestHeaders });
  });

  it.each([199, 300, 500])('retries on %i', (code) => {
    const change = settleWith(status(code));
    expect(change?.delivery).toMatchObject({ status: 'scheduled', dueAtMs: nowMs + 10_000, ...idle });
    expect(change?.attempt).toMatchObject({ outcome: 'failure', nextAttemptAtMs: nowMs + 10_000 });
  });

  it('retries on a 200 whose response broke off', () => {
    const result = { status: 200, error: 'the response broke off', timings };
    expect(settleWith({ result })?.delivery.status).toBe('scheduled');
    expect(settleWith({ result })?.endpoint?.lastError).toBe('the response broke off');
  });

  it.each([
    [199, 'HTTP 199'],
    [299, undefined],
    [300, 'HTTP 300: redirects are not followed'],
    [399, 'HTTP 399: redirects are not followed'],
    [400, 'HTTP 400'],
  ])('describes %i to the owner as %j', (code, lastError) => {
    expect(settleWith(status(code))?.endpoint?.lastError ?? undefined).toBe(lastError);
  });

  it('describes a result without status or error to the owner', () => {
    expect(settleWith({ result: { timings } })?.endpoint?.lastError).toBe('HTTP without a status');
  });

  it('records since when the endpoint fails, and updates only the error afterwards', () => {
    expect(settleWith({})?.endpoint).toMatchObject({ failingSinceMs: nowMs, lastError: 'HTTP 500' });
    const changed = settleWith(status(502), { endpoint: failing })?.endpoint;
    expect(changed).toMatchObject({ failingSinceMs: 5, lastError: 'HTTP 502' });
  });

  it('returns the same endpoint object if it fails again with the same error', () => {
    expect(settleWith({}, { endpoint: failing })?.endpoint).toBe(failing);
  });

  it('marks an endpoint as failing again if it kept the last error', () => {
    const endpoint = endpointWith({ lastError: 'HTTP 500' });
    expect(settleWith({}, { endpoint })?.endpoint?.failingSinceMs).toBe(nowMs);
  });

  it('clears the failure of the endpoint on success', () => {
    const endpoint = settleWith(status(200), { endpoint: failing })?.endpoint;
    expect(endpoint).toMatchObject({ failingSinceMs: null, lastError: null });
  });

  it('returns the same endpoint object on success if it was not failing', () => {
    const endpoint = endpointWith();
    expect(settleWith(status(200), { endpoint })?.endpoint).toBe(endpoint);
  });

  it.each([200, 410, 500])('does not change the endpoint on a ping with %i', (code) => {
    const rows = { delivery: attempting({ kind: 'ping' }), endpoint: failing };
    expect(settleWith(status(code), rows)?.endpoint).toBe(failing);
  });

  it('does not blame the endpoint for a fault of the transport, but counts the attempt', () => {
    const delivery = attempting({ attempts: 3 });
    const change = settleWith({ isTransportFault: true }, { delivery, endpoint: failing });
    expect(change?.endpoint).toBe(failing);
    expect(change?.delivery.status).toBe('failed');
  });

  it('does not retry a ping', () => {
    const change = settleWith({}, { delivery: attempting({ kind: 'ping' }) });
    expect(change?.delivery).toMatchObject({ status: 'failed', dueAtMs: null, ...idle });
    expect(change?.attempt?.reason).toBe('a ping is not retried');
  });

  it('disables the endpoint after the last retry', () => {
    const change = settleWith({}, { delivery: attempting({ attempts: 3 }) });
    expect(change?.delivery.status).toBe('failed');
    expect(change?.endpoint).toMatchObject({
      status: 'disabled',
      disabledReason: 'failures',
      disabledAtMs: nowMs,
      disabledNotificationPending: true,
    });
    expect(change?.attempt?.reason).toBe('no further attempt: all retries have failed');
  });

  it('disables the endpoint on 410, and holds the delivery with its attempts left', () => {
    const change = settleWith(status(410));
    expect(change?.endpoint).toMatchObject({ status: 'disabled', disabledReason: 'gone' });
    expect(change?.delivery).toMatchObject({ status: 'held', attempts: 1, dueAtMs: null });
    expect(change?.attempt).toMatchObject({
      nextAttemptAtMs: null,
      reason: 'held: the endpoint is disabled',
    });
  });

  it.each([
    [410, 1],
    [500, 3],
  ])('does not disable the endpoint on %i for a manual delivery', (code, attempts) => {
    const change = settleWith(status(code), { delivery: attempting({ kind: 'manual', attempts }) });
    expect(change?.endpoint).toMatchObject({ status: 'enabled', lastError: `HTTP ${code}` });
  });

  it('does not notify the owner of an endpoint that is disabled already', () => {
    const change = settleWith({}, { delivery: attempting({ attempts: 3 }), endpoint: disabled });
    expect(change?.endpoint).toMatchObject({ disabledReason: 'manual', disabledNotificationPending: false });
  });

  it('cancels the delivery if the endpoint was deleted meanwhile', () => {
    const change = settleWith({}, { endpoint: undefined });
    expect(change?.endpoint).toBeUndefined();
    expect(change?.delivery.status).toBe('cancelled');
    expect(change?.attempt?.reason).toBe('no further attempt: the endpoint was deleted');
  });

  it.each([
    [429, 30_000],
    [503, 30_000],
    [500, 10_000],
  ])('reads Retry-After of a %i: the next attempt follows after %i ms', (code, delayMs) => {
    const change = settleWith(status(code, { 'retry-after': '30' }));
    expect(change?.delivery.dueAtMs).toBe(nowMs + delayMs);
  });

  it('keeps the scheduled interval after a 429 without response headers', () => {
    const change = settleWith({ result: { status: 429, timings } });
    expect(change?.delivery.dueAtMs).toBe(nowMs + 10_000);
  });
});

describe('giveUp', () => {
  const giveUpWith = (delivery: DeliveryRecord, endpoint = endpointWith()) =>
    giveUp({ delivery, endpoint, attempt }, nowMs, rules);

  it('retries an attempt of unknown outcome and leaves the endpoint unchanged', () => {
    const endpoint = endpointWith();
    const change = giveUpWith(attempting(), endpoint);
    expect(change?.delivery).toMatchObject({ status: 'scheduled', dueAtMs: nowMs + 10_000, ...idle });
    expect(change?.endpoint ?? endpoint).toBe(endpoint);
    expect(change?.attempt).toMatchObject({
      outcome: 'unknown',
      endedAtMs: nowMs,
      nextAttemptAtMs: nowMs + 10_000,
      reason: 'outcome unknown; retry 1 of 2, after 10 s',
    });
  });

  it.each([
    ['a delivery without retries left', attempting({ attempts: 3 })],
    ['a ping', attempting({ kind: 'ping' })],
  ])('fails %s', (_, delivery) => {
    const change = giveUpWith(delivery);
    expect(change?.delivery).toMatchObject({ status: 'failed', dueAtMs: null, ...idle });
    expect(change?.attempt?.reason).toBe('no further attempt: the outcome of the last one is not known');
  });

  it('changes nothing unless the delivery is being attempted', () => {
    expect(giveUpWith(deliveryWith())).toBeUndefined();
    const rows = { delivery: attempting(), endpoint: endpointWith(), attempt: undefined };
    expect(giveUp(rows, nowMs, rules)).toBeUndefined();
  });
});

describe('release', () => {
  const held = deliveryWith({ status: 'held', dueAtMs: null, attempts: 2 });
  const releaseWith = (delivery: DeliveryRecord, endpoint: EndpointRecord | undefined) =>
    release({ delivery, endpoint, attempt: undefined }, nowMs);

  it('schedules a held delivery at once, with its attempts left', () => {
    const released = { status: 'scheduled', dueAtMs: nowMs, attempts: 2 };
    expect(releaseWith(held, endpointWith())?.delivery).toMatchObject(released);
  });

  it('changes nothing if the endpoint is disabled or the delivery is not held', () => {
    expect(releaseWith(held, disabled)).toBeUndefined();
    expect(releaseWith(deliveryWith(), endpointWith())).toBeUndefined();
  });

  it('cancels a held delivery without an endpoint', () => {
    expect(releaseWith(held, undefined)?.delivery.status).toBe('cancelled');
  });
});

describe('cancel', () => {
  const cancelWith = (delivery: DeliveryRecord) =>
    cancel({ delivery, endpoint: undefined, attempt: undefined });

  it.each(['scheduled', 'held'] as const)('cancels a delivery that is %s', (status) => {
    const cancelled = { status: 'cancelled', dueAtMs: null, ...idle };
    expect(cancelWith(deliveryWith({ status }))?.delivery).toMatchObject(cancelled);
  });

  it.each(['attempting', 'succeeded', 'failed', 'cancelled'] as const)(
    'changes nothing if the delivery is %s',
    (status) => {
      expect(cancelWith(deliveryWith({ status }))).toBeUndefined();
    },
  );
});
