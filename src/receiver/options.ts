import { isEventType } from '../events/types.js';
import type { ReplayOptions } from '../replay/guard.js';
import type { ReceiverOptions } from './types.js';

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** A time that timers can hold: beyond it they fire at once. */
const isDuration = (ms: number): boolean => ms > 0 && ms < 2 ** 31;

function isReplayOptions({
  store,
  windowSeconds = 1,
  leaseSeconds = 1,
  maxHandlingSeconds = 1,
  timeoutMs = 1,
}: ReplayOptions): boolean {
  return (
    isFunction((store as Partial<ReplayOptions['store']> | undefined)?.claim) &&
    [windowSeconds, leaseSeconds * 1000, maxHandlingSeconds * 1000, timeoutMs].every(isDuration)
  );
}

/** Checks what is not checked by the verification. Throws `TypeError`. */
export function checkReceiverOptions(options: ReceiverOptions): void {
  const { handoff, acknowledge, schemas, replay, logger = false, handlerTimeoutMs = 1 } = options;
  if (!isDuration(handlerTimeoutMs)) {
    throw new TypeError('handlerTimeoutMs must be a number of milliseconds above 0.');
  }
  if (handoff && (!isFunction(handoff) || acknowledge === 'early')) {
    throw new TypeError('handoff must be a function, and excludes acknowledge: early.');
  }
  if (replay && !isReplayOptions(replay)) {
    throw new TypeError('replay must have a store, such as createMemoryReplayStore(), and times above 0.');
  }
  for (const type of Object.keys(schemas ?? {})) {
    if (!isEventType(type)) throw new TypeError(`schemas: ${type} is not an event type.`);
  }
  if (logger && !(typeof logger.warn === 'function' && typeof logger.error === 'function')) {
    throw new TypeError('logger must have warn and error, or be false.');
  }
}
