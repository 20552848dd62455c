import { sampleEvent } from '../../../events/samples.js';
import { isEventType } from '../../../events/types.js';
import { parseEvent } from '../../../events/parse.js';
import { toWire } from '../../../events/wire.js';
import { isWebhookError } from '../../../errors.js';
import { CliError } from '../../cli-error.js';
import type { Input } from '../../input.js';
import { isRecord } from '../../json.js';
import { setValue, type Assignment } from './assignments.js';

/** The input from which the events of one call are made. */
export interface EventSource {
  /** The JSON of `--data`: a whole event, or only its `data`. */
  readonly given: Record<string, unknown> | undefined;
  readonly assignments: readonly Assignment[];
}

/** Reads the JSON of `--data`. @throws CliError if it is not an object */
export function parseData({ bytes, name }: Input): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new CliError(`${name} is not JSON in UTF-8: ${(error as Error).message}`);
  }
  if (isRecord(value)) return value;
  throw new CliError(`${name} must contain a JSON object: an event, or only its data.`);
}

/** Whether the JSON is a whole event, rather than only its data. */
function isWholeEvent(given: Record<string, unknown>): boolean {
  return typeof given.event === 'string' && isRecord(given.data);
}

function createSample(name: string): Record<string, unknown> {
  const sample =
    isEventType(name) || name === 'ping' ? sampleEvent(name) : sampleEvent('unknown', { type: name });
  return toWire(sample) as Record<string, unknown>;
}

function merge(name: string, given: Record<string, unknown>): Record<string, unknown> {
  if (!isWholeEvent(given)) return { ...createSample(name), data: structuredClone(given) };
  if (given.event !== name) {
    throw new CliError(
      `The event in --data is ${JSON.stringify(given.event)}, and the command line names ${name}.`,
    );
  }
  const { id, timestamp, account_id } = createSample(name);
  return { id, timestamp, account_id, ...structuredClone(given) };
}

/**
 * Creates an event in its wire form, with a new id unless one is given.
 *
 * @throws CliError if the event is not valid
 */
export function createEvent(name: string, { given, assignments }: EventSource): Record<string, unknown> {
  const event = given ? merge(name, given) : createSample(name);
  for (const assignment of assignments) setValue(event, assignment);
  try {
    parseEvent(JSON.stringify(event));
  } catch (error) {
    if (!isWebhookError(error)) throw error;
    throw new CliError(
      `This is not an event: ${error.message} (contract: id, event, timestamp, account_id, data).`,
    );
  }
  return event;
}
