/** Complete records of the sender, of which a test names only the fields that matter to it. */
import type { AttemptRecord, DeliveryRecord, EndpointRecord, EventRecord } from '../../src/sender/records.js';

export const endpoint = (id: string, more: Partial<EndpointRecord> = {}): EndpointRecord => ({
  id,
  accountId: null,
  url: `https://example.com/${id}`,
  events: ['*'],
  secret: 'whsec_of_a_stored_endpoint',
  status: 'enabled',
  disabledReason: null,
  disabledAtMs: null,
  failingSinceMs: null,
  lastError: null,
  disabledNotificationPending: false,
  heldExpiresAtMs: null,
  heldDroppedAtMs: null,
  heldNotificationPending: false,
  createdAtMs: 1,
  ...more,
});

export const event = (id: string, more: Partial<EventRecord> = {}): EventRecord => ({
  id,
  type: 'credits.low',
  accountId: 'acc_1',
  body: new Uint8Array([0x7b, 0xff, 0x00, 0x7d]),
  createdAtMs: 1,
  ...more,
});

export const delivery = (
  id: string,
  eventId: string,
  more: Partial<DeliveryRecord> = {},
): DeliveryRecord => ({
  id,
  eventId,
  eventType: 'credits.low',
  accountId: 'acc_1',
  endpointId: 'wh_1',
  kind: 'automatic',
  status: 'scheduled',
  attempts: 0,
  dueAtMs: 10,
  token: null,
  leaseUntilMs: null,
  createdAtMs: 1,
  ...more,
});

export const attempt = (deliveryId: string, more: Partial<AttemptRecord> = {}): AttemptRecord => ({
  deliveryId,
  number: 1,
  url: 'https://example.com/',
  startedAtMs: 10,
  endedAtMs: null,
  outcome: 'pending',
  requestHeaders: null,
  result: null,
  nextAttemptAtMs: null,
  reason: null,
  ...more,
});
