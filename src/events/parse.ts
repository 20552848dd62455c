import { WebhookError } from '../errors.js';
import { isEventType, type WebhookEvent } from './types.js';

// Fatal: bytes that are not UTF-8 are rejected, not replaced. The byte order mark is kept, so that JSON.parse
// rejects it: the platform sends none, and two different bodies must not have the same meaning.
const utf8 = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

// The pattern checks all ranges except the length of the month.
const instantPattern =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function isInstant(text: unknown): boolean {
  if (typeof text !== 'string' || !instantPattern.test(text)) return false;
  const day = Number(text.slice(8, 10));
  // Every month has 28 days. For a day that the month lacks, Date is invalid or in the next month.
  return day <= 28 || day === new Date(text.slice(0, 10)).getUTCDate();
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Parses a body into a typed event: strict UTF-8, JSON, then the envelope (contract section 2). It does not check
 * the fields of `data`; use the `schemas` option of `createReceiver` for that.
 *
 * It does **not** check a signature. Call it on a body that was verified before, for example one read
 * from a queue. For a request use `verifyWebhook`.
 *
 * @param body - The body as bytes, or as decoded text.
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
    // Without a cause, because the parser's message quotes the body, which may contain confidential data.
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
