// When a held delivery is dropped, and when its owner is notified.
import { describe, expect, it } from 'vitest';
import { expireHeld, heldNoticeMs } from '../../../src/sender/delivery/held.js';
import type { EndpointRecord } from '../../../src/sender/records.js';
import { endpoint } from '../../support/sender-records.js';

const hourMs = 3_600_000;
const dayMs = 86_400_000;
const nowMs = 100 * dayMs;

const endpointWith = (given: Partial<EndpointRecord> = {}) =>
  endpoint('wh_1', { status: 'disabled', disabledReason: 'manual', disabledAtMs: 1, ...given });

describe('heldNoticeMs', () => {
  it.each([
    [30, 7],
    [14, 7],
    [13, 6.5],
    [1, 0.5],
  ])('with a retention of %s days is %s days', (days, noticeDays) => {
    expect(heldNoticeMs(days * dayMs)).toBe(noticeDays * dayMs);
  });
});

describe('expireHeld', () => {
  it('announces the first drop at its due time', () => {
    const endpoint = endpointWith();
    const dueAtMs = nowMs + 7 * dayMs;
    expect(expireHeld(endpoint, dueAtMs, nowMs)).toEqual({
      endpoint: { ...endpoint, heldExpiresAtMs: dueAtMs, heldNotificationPending: true },
      isDropped: false,
    });
  });

  it('announces the drop an hour ahead if it is due earlier', () => {
    const { endpoint, isDropped } = expireHeld(endpointWith(), nowMs - dayMs, nowMs);
    expect([endpoint.heldExpiresAtMs, isDropped]).toEqual([nowMs + hourMs, false]);
  });

  it('rounds the announced time up to a whole millisecond', () => {
    expect(expireHeld(endpointWith(), nowMs + dayMs + 0.5, nowMs).endpoint.heldExpiresAtMs).toBe(
      nowMs + dayMs + 1,
    );
  });

  it('announces the drop again if it moves closer', () => {
    const endpoint = endpointWith({ heldExpiresAtMs: nowMs + dayMs });
    expect(expireHeld(endpoint, nowMs + dayMs - 1, nowMs).endpoint).toMatchObject({
      heldExpiresAtMs: nowMs + dayMs - 1,
      heldNotificationPending: true,
    });
  });

  it.each([
    ['the announced time has not come', nowMs + 1, nowMs - 1],
    ['the delivery is not due', nowMs - 1, nowMs + 1],
    ['the announced time is the due time in the future', nowMs + dayMs, nowMs + dayMs],
  ])('changes nothing if %s', (_, heldExpiresAtMs, dueAtMs) => {
    const endpoint = endpointWith({ heldExpiresAtMs });
    const expiry = expireHeld(endpoint, dueAtMs, nowMs);
    expect(expiry.endpoint).toBe(endpoint);
    expect(expiry.isDropped).toBe(false);
  });

  it('drops the first delivery at its announced due time, and notifies the owner', () => {
    const endpoint = endpointWith({ heldExpiresAtMs: nowMs });
    expect(expireHeld(endpoint, nowMs, nowMs)).toEqual({
      endpoint: { ...endpoint, heldDroppedAtMs: nowMs, heldNotificationPending: true },
      isDropped: true,
    });
  });

  it('drops later deliveries without a notification', () => {
    const endpoint = endpointWith({ heldExpiresAtMs: nowMs - dayMs, heldDroppedAtMs: nowMs - dayMs });
    const expiry = expireHeld(endpoint, nowMs, nowMs);
    expect(expiry.endpoint).toBe(endpoint);
    expect(expiry.isDropped).toBe(true);
  });
});
