import { parseEvent } from '../events/parse.js';
import type { WebhookEvent } from '../events/types.js';
import { toWire } from '../events/wire.js';
import { SenderError } from './errors.js';
import { newId } from './ids.js';
import { describeExcessLength } from './input.js';
import type { EventRecord } from './records.js';
import type { Time } from './time.js';
import type { PublishInput } from './types.js';

/** Our limit: the longest body of an event, in bytes. */
const maxPayloadBytes = 262_144;
/** The longest part of a parser's message that an error repeats, in characters. */
const maxReasonLength = 300;

/** Serialises an event, and parses it as a receiver does: a receiver accepts every event that the sender accepts. */
function serialise(
  input: PublishInput,
  timestampMs: number,
): { readonly text: string; readonly event: WebhookEvent } {
  try {
    const { id = newId('evt'), timestamp = new Date(timestampMs).toISOString(), ...rest } = input;
    const text = JSON.stringify(toWire({ id, timestamp, ...rest }));
    return { text, event: parseEvent(text) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SenderError('invalid_event', reason.slice(0, maxReasonLength));
  }
}

function checkLengths({ id, accountId, type }: Pick<EventRecord, 'id' | 'accountId' | 'type'>): void {
  const lengths = { id, accountId, eventType: type };
  for (const [name, value] of Object.entries(lengths) as [keyof typeof lengths, string][]) {
    const excess = describeExcessLength(name, value);
    if (excess !== undefined) throw new SenderError('invalid_event', `The event's ${name} ${excess}`);
  }
}

/**
 * Turns a published event into the record that is stored. Its body is serialised once, here: every attempt sends the
 * same bytes.
 *
 * @param time - `now` dates the record, `timestamp` an event that has none.
 * @throws {@link SenderError} `invalid_event`, `payload_too_large`
 */
export function toEventRecord(input: PublishInput, time: Pick<Time, 'now' | 'timestamp'>): EventRecord {
  const { text, event } = serialise(input, time.timestamp());
  if (event.event === 'ping') {
    throw new SenderError('invalid_event', 'A ping cannot be published. Call pingEndpoint(id) to send one.');
  }
  const body = new TextEncoder().encode(text);
  if (body.length > maxPayloadBytes) {
    throw new SenderError(
      'payload_too_large',
      `The event has ${body.length} bytes as JSON, more than the ${maxPayloadBytes} allowed.`,
    );
  }
  const type = event.event === 'unknown' ? event.type : event.event;
  const record = { id: event.id, type, accountId: event.account_id, body, createdAtMs: time.now() };
  checkLengths(record);
  return record;
}
