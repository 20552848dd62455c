import { sampleEvent } from '../events/samples.js';
import { isEventType } from '../events/types.js';
import type { PublishInput } from '../sender/types.js';
import type { TriggerInput } from './types.js';

/** An event as it is on the wire: an unknown type has its own name. */
export interface WireEvent {
  readonly event: string;
  readonly id?: string | undefined;
  readonly timestamp?: string | undefined;
  readonly account_id?: string | undefined;
  readonly data?: unknown;
}

/** Turns an event on the wire into what `Sender.publish` takes. The sender checks the rest. */
export function fromWire({ event, ...rest }: WireEvent, accountId: string): PublishInput {
  const { account_id = accountId } = rest;
  // A ping is known too, and the sender rejects it.
  const type = isEventType(event) || event === 'ping' ? { event } : { event: 'unknown', type: event };
  return { ...rest, account_id, ...type } as PublishInput;
}

/** Turns what a caller triggers into an event, of the emulator's account unless it names another. */
export function toPublishInput(input: string | TriggerInput, accountId: string): PublishInput {
  if (typeof input !== 'string') {
    if (input.event !== 'unknown') return fromWire(input, accountId);
    const { account_id = accountId } = input;
    return { ...input, account_id };
  }
  const overrides = { account_id: accountId };
  return isEventType(input)
    ? sampleEvent(input, overrides)
    : sampleEvent('unknown', { ...overrides, type: input });
}
