import { sampleEvent } from '../../events/samples.js';
import { eventTypes, isEventType } from '../../events/types.js';
import { toWire } from '../../events/wire.js';
import { toEventRecord } from '../../sender/event-record.js';
import { isSenderError } from '../../sender/errors.js';
import type { PublishInput } from '../../sender/types.js';
import type { EmulatorCore } from '../emulator.js';
import { findJsonError } from './json-error.js';

/** The result of checking the text of an event. */
export type DraftCheck =
  | { readonly ok: true; readonly input: PublishInput; readonly type: string; readonly accountId: string }
  | { readonly ok: false; readonly message: string };

/** The name in the list of samples for a type that the platform may add later. */
const laterType = 'later.version';

/** The names of the samples. */
export const sampleNames: readonly string[] = [...eventTypes, laterType];

/** Returns the text of a sample as the editor shows it, without the fields that sending completes. */
export function sampleText(name: string, accountId: string): string {
  const overrides = { account_id: accountId };
  const event = isEventType(name) ? sampleEvent(name, overrides) : sampleEvent('unknown', overrides);
  const { id, timestamp, ...rest } = toWire(event) as Record<string, unknown>;
  return JSON.stringify(rest, null, 2);
}

/** Says where a text is not JSON. */
function describeJsonError(text: string): string {
  const position = findJsonError(text);
  const lines = text.slice(0, position).split('\n');
  const found = text.slice(position, position + 1);
  const place = `line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`;
  return `Not JSON: ${found === '' ? 'unexpected end' : `unexpected ${JSON.stringify(found)}`} at ${place}.`;
}

/** Checks the text of an event as sending does: JSON, then the parser of the receiver, then the limits of the sender. */
export function checkDraft(text: string, { accountId }: Pick<EmulatorCore, 'accountId'>): DraftCheck {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { ok: false, message: describeJsonError(text) };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, message: 'An event is a JSON object with the fields event, account_id and data.' };
  }
  const input = { timestamp: new Date().toISOString(), account_id: accountId, ...value } as PublishInput;
  try {
    const record = toEventRecord(input, { now: Date.now, timestamp: Date.now });
    return { ok: true, input, type: record.type, accountId: record.accountId };
  } catch (error) {
    if (isSenderError(error)) return { ok: false, message: error.message };
    throw error;
  }
}
