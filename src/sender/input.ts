import { parseEvent } from '../events/parse.js';
import { eventTypes, isEventType, type WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import { SenderError } from './errors.js';
import { newId } from './ids.js';
import type { EventRecord, PageRequest } from './stores/contract.js';
import type { ListOptions, PublishInput, SenderOptions } from './types.js';

/** Our reading (contract section 1): the shortest secret, in characters. */
const minSecretLength = 16;
/** Our reading: the longest body of an event. */
const maxPayloadBytes = 262_144;
const maxPageSize = 100;

export function checkSecret(secret: string): string {
  if (secret.trim().length >= minSecretLength) return secret;
  throw new SenderError('invalid_secret', `The secret must have at least ${minSecretLength} characters.`);
}

export function checkEvents(events: readonly string[]): readonly string[] {
  const wrong = events.find((name) => name !== '*' && !isEventType(name));
  if (wrong !== undefined) {
    throw new SenderError(
      'invalid_events',
      `${JSON.stringify(wrong)} is not an event type. Known: ${eventTypes.join(', ')}, or * for all.`,
    );
  }
  if (events.length === 0) throw new SenderError('invalid_events', 'The list of events is empty.');
  return [...new Set(events)];
}

export function checkPage({ cursor, limit = 20 }: ListOptions): PageRequest {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= maxPageSize)) {
    throw new SenderError('invalid_page', `limit must be a whole number from 1 to ${maxPageSize}.`);
  }
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) {
    throw new SenderError('invalid_page', 'cursor must be the nextCursor of a page before.');
  }
  return { cursor, limit };
}

export function checkOptions(options: SenderOptions): void {
  const wrong = (name: string, expected: string): TypeError => new TypeError(`${name} must be ${expected}.`);
  const { attemptTimeoutMs = 1, maxInFlight = 1, maxInFlightPerEndpoint = 1, jitterRatio = 0 } = options;
  if (!(attemptTimeoutMs > 0 && attemptTimeoutMs < 2 ** 30))
    throw wrong('attemptTimeoutMs', 'milliseconds above 0');
  if (!(Number.isInteger(maxInFlight) && maxInFlight > 0))
    throw wrong('maxInFlight', 'a whole number above 0');
  if (!(Number.isInteger(maxInFlightPerEndpoint) && maxInFlightPerEndpoint > 0))
    throw wrong('maxInFlightPerEndpoint', 'a whole number above 0');
  if (!(jitterRatio >= 0 && jitterRatio <= 1)) throw wrong('jitterRatio', 'from 0 to 1');
  const { days = 1, deliveries = 1 } = options.retention ?? {};
  if (!(days > 0 && deliveries >= 0)) throw wrong('retention', 'days above 0 and deliveries of 0 or more');
  if (options.retryScheduleSeconds?.some((seconds) => !(seconds >= 0 && Number.isFinite(seconds))))
    throw wrong('retryScheduleSeconds', 'a list of seconds, 0 or more each');
}

/** The event as it is kept: the body is made once, here, and is the same for every attempt. */
export function toRecord(input: PublishInput, nowMs: number): EventRecord {
  const whole = { id: newId('evt'), timestamp: new Date(nowMs).toISOString(), ...input };
  const text = JSON.stringify(toWire(whole as WebhookEvent));
  try {
    // The receiver's own parser: what is sent is what a receiver takes.
    parseEvent(text);
  } catch (error) {
    throw new SenderError('invalid_event', error instanceof Error ? error.message : String(error));
  }
  const { id, event, account_id } = JSON.parse(text) as { id: string; event: string; account_id: string };
  if (event === 'ping') {
    throw new SenderError('invalid_event', 'A ping is sent with pingEndpoint, to one endpoint.');
  }
  const body = new TextEncoder().encode(text);
  if (body.length > maxPayloadBytes) {
    throw new SenderError(
      'payload_too_large',
      `The event has ${body.length} bytes as JSON, more than the ${maxPayloadBytes} that can be sent.`,
    );
  }
  return { id, type: event, accountId: account_id, body, createdAtMs: nowMs };
}
