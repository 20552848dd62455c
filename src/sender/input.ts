import { eventTypes, isEventType } from '../events/types.js';
import { quote, SenderError } from './errors.js';
import type { PageRequest } from './stores/store.js';
import type { ListOptions } from './types.js';

/** Our reading (contract section 1): the shortest secret, in characters. */
const minSecretLength = 16;
const maxPageSize = 100;
/** Our limits: the longest texts that a store keeps, in characters. */
const maxLengths = { id: 255, accountId: 255, eventType: 255, url: 2_048, secret: 1_024 } as const;

/** Describes how far a text exceeds its maximum, as the end of a sentence; undefined if it does not. */
export function describeExcessLength(kind: keyof typeof maxLengths, text: string): string | undefined {
  const max = maxLengths[kind];
  return text.length > max ? `has ${text.length} characters, more than the ${max} allowed.` : undefined;
}

/** @throws {@link SenderError} `invalid_url` */
export function checkUrlLength(url: string): void {
  const excess = describeExcessLength('url', url);
  if (excess !== undefined) throw new SenderError('invalid_url', `The endpoint's URL ${excess}`);
}

/** @throws {@link SenderError} `invalid_secret` */
export function checkSecret(secret: string): string {
  const excess = describeExcessLength('secret', secret);
  if (excess !== undefined) throw new SenderError('invalid_secret', `The secret ${excess}`);
  if (secret.trim().length >= minSecretLength) return secret;
  throw new SenderError('invalid_secret', `The secret must have at least ${minSecretLength} characters.`);
}

/**
 * Rejects misspelt names: `account_id` instead of `accountId` would otherwise mean every account.
 *
 * @throws `TypeError` that names the first unknown key
 */
export function checkKeys(call: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new TypeError(
    `${quote(unknown).slice(1, -1)} is not an option of ${call}. Known: ${known.join(', ')}.`,
  );
}

/** @throws `TypeError` */
export function checkAccountId(accountId: unknown): string | null {
  if (accountId === undefined) return null;
  // `ownerOf` uses `*` for endpoints without an account.
  if (typeof accountId !== 'string' || accountId === '' || accountId === '*') {
    throw new TypeError(
      'accountId must be the id of an account. Leave it out for an endpoint that receives the events of every account.',
    );
  }
  const excess = describeExcessLength('accountId', accountId);
  if (excess !== undefined) throw new TypeError(`accountId ${excess}`);
  return accountId;
}

/** @throws {@link SenderError} `invalid_events` */
export function checkEvents(events: readonly string[]): readonly string[] {
  const given: unknown = events;
  if (!Array.isArray(given)) {
    throw new SenderError(
      'invalid_events',
      "events must be a list of names of event types, or ['*'] for all.",
    );
  }
  const unknown = events.find((name) => name !== '*' && !isEventType(name));
  if (unknown !== undefined) {
    throw new SenderError(
      'invalid_events',
      `${quote(unknown)} is not an event type. Known: ${eventTypes.join(', ')}, or * for all.`,
    );
  }
  if (events.length === 0) {
    throw new SenderError(
      'invalid_events',
      'The list of events is empty. Name at least one event type, or * for all.',
    );
  }
  return [...new Set(events)];
}

/** @throws {@link SenderError} `invalid_page` */
export function checkPage({ cursor, limit = 20 }: ListOptions): PageRequest {
  if (!(Number.isInteger(limit) && limit >= 1 && limit <= maxPageSize)) {
    throw new SenderError('invalid_page', `limit must be a whole number from 1 to ${maxPageSize}.`);
  }
  if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) {
    throw new SenderError('invalid_page', 'cursor must be the nextCursor of an earlier page.');
  }
  return { cursor, limit };
}
