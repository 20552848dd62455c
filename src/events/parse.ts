import { WebhookError } from '../errors.js';
import { isEventType, type WebhookEvent } from './types.js';

// Fatal: a byte sequence that is not UTF-8 is refused, not replaced. The BOM is kept, so that JSON
// refuses it: the platform sends none, and two different bodies must not mean the same.
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// Ranges are in the pattern; only the length of the month is left to check.
const instantPattern =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function isInstant(text: unknown): boolean {
  if (typeof text !== 'string' || !instantPattern.test(text)) return false;
  const day = Number(text.slice(8, 10));
  // Day 0 of the next month is the last day of this one. Every month has 28.
  return (
    day <= 28 || day <= new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate()
  );
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Turns a body into a typed event: fatal UTF-8, JSON, then the envelope (contract section 2). The
 * fields of `data` are not checked, see the `schemas` option of `createReceiver` for that.
 *
 * It does **not** check any signature. Call it on a body that was verified before, such as one read
 * back from a queue; for a request use `verifyWebhook`.
 *
 * @param body - The body as bytes, or as text that was decoded before.
 * @throws {@link WebhookError} `invalid_utf8`, `invalid_json` or `invalid_envelope`.
 *
 * @example
 * const event = parseEvent(row.body);
 */
export function parseEvent(body: Uint8Array | string): WebhookEvent {
  let text: string;
  try {
    text = typeof body === 'string' ? body : utf8.decode(body);
  } catch (cause) {
    throw new WebhookError('invalid_utf8', undefined, { cause });
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // No cause: the parser's message quotes the body, which may hold what must not be logged.
    throw new WebhookError('invalid_json');
  }
  const { id, event, timestamp, account_id, data } = isObject(parsed) ? parsed : {};
  const wrong =
    (!isText(id) && 'id') ||
    (!isText(event) && 'event') ||
    (!isInstant(timestamp) && 'timestamp') ||
    (!isText(account_id) && 'account_id') ||
    (!isObject(data) && 'data');
  if (wrong) throw new WebhookError('invalid_envelope', `The event's ${wrong} is missing or malformed.`);
  if (isEventType(event) || event === 'ping') return parsed as WebhookEvent;
  return { ...(parsed as object), event: 'unknown', type: event } as unknown as WebhookEvent;
}
