import { parseEvent } from '../events/parse.js';
import { eventTypes, isEventType, type WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import { SenderError } from './errors.js';
import { newId } from './ids.js';
import type { EventRecord } from './records.js';
import type { PageRequest } from './stores/store.js';
import type { ListOptions, PublishInput } from './types.js';

/** Our reading (contract section 1): the shortest secret, in characters. */
const minSecretLength = 16;
/** Our reading: the longest body of an event. */
const maxPayloadBytes = 262_144;
const maxPageSize = 100;
/** Ours: the longest texts that are kept, in characters. */
export const maxLengths = { id: 255, accountId: 255, eventType: 255, url: 2_048, secret: 1_024 } as const;
/** Of a wrong value, as much as an error message repeats. */
const maxQuotedLength = 80;

/** Repeats a value from outside in an error message, truncated. */
export function quote(text: string): string {
  return JSON.stringify(text.length > maxQuotedLength ? `${text.slice(0, maxQuotedLength)}…` : text);
}

function lengthError(name: keyof typeof maxLengths, value: string): string | undefined {
  const max = maxLengths[name];
  return value.length > max ? `has ${value.length} characters, more than the ${max} allowed.` : undefined;
}

export function checkUrlLength(url: string): void {
  const error = lengthError('url', url);
  if (error !== undefined) throw new SenderError('invalid_url', `The endpoint's URL ${error}`);
}

export function checkSecret(secret: string): string {
  const error = lengthError('secret', secret);
  if (error !== undefined) throw new SenderError('invalid_secret', `The secret ${error}`);
  if (secret.trim().length >= minSecretLength) return secret;
  throw new SenderError('invalid_secret', `The secret must have at least ${minSecretLength} characters.`);
}

/**
 * Refuses what is misspelt: an `account_id` that should have been `accountId` must not mean «every account».
 *
 * @throws `TypeError`
 */
export function checkKeys(call: string, given: object, known: readonly string[]): void {
  const wrong = Object.keys(given).find((key) => !known.includes(key));
  if (wrong === undefined) return;
  throw new TypeError(
    `${quote(wrong).slice(1, -1)} is not an option of ${call}. Known: ${known.join(', ')}.`,
  );
}

export function checkAccountId(accountId: unknown): string | null {
  if (accountId === undefined) return null;
  if (typeof accountId === 'string' && accountId !== '' && accountId !== '*') {
    const error = lengthError('accountId', accountId);
    if (error !== undefined) throw new TypeError(`accountId ${error}`);
    return accountId;
  }
  throw new TypeError(
    'accountId must be the id of an account, or left out for an endpoint that hears every account.',
  );
}

export function checkEvents(events: readonly string[]): readonly string[] {
  const given: unknown = events;
  if (!Array.isArray(given)) {
    throw new SenderError(
      'invalid_events',
      "events must be a list of names of event types, or ['*'] for all.",
    );
  }
  const wrong = events.find((name) => name !== '*' && !isEventType(name));
  if (wrong !== undefined) {
    throw new SenderError(
      'invalid_events',
      `${quote(wrong)} is not an event type. Known: ${eventTypes.join(', ')}, or * for all.`,
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

/** The event as it is kept: the body is made once, here, and is the same for every attempt. */
export function toRecord(input: PublishInput, nowMs: number): EventRecord {
  let text: string;
  let event: WebhookEvent;
  try {
    const { id = newId('evt'), timestamp = new Date(nowMs).toISOString(), ...rest } = input;
    text = JSON.stringify(toWire({ id, timestamp, ...rest }));
    // The receiver's own parser: what is sent is what a receiver takes.
    event = parseEvent(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new SenderError('invalid_event', message.slice(0, 300));
  }
  if (event.event === 'ping') {
    throw new SenderError('invalid_event', 'A ping is sent with pingEndpoint, to one endpoint.');
  }
  const body = new TextEncoder().encode(text);
  if (body.length > maxPayloadBytes) {
    throw new SenderError(
      'payload_too_large',
      `The event has ${body.length} bytes as JSON, more than the ${maxPayloadBytes} that can be sent.`,
    );
  }
  const type = event.event === 'unknown' ? event.type : event.event;
  const lengths = { id: event.id, accountId: event.account_id, eventType: type };
  for (const [name, value] of Object.entries(lengths) as [keyof typeof lengths, string][]) {
    const error = lengthError(name, value);
    if (error !== undefined) throw new SenderError('invalid_event', `The event's ${name} ${error}`);
  }
  return { id: event.id, type, accountId: event.account_id, body, createdAtMs: nowMs };
}
