/* eslint-disable @typescript-eslint/unbound-method -- only the types of methods are read */
import { isEventType } from '../events/types.js';
import type { ReceiverOptions } from './types.js';

const isFunction = (value: unknown): boolean => typeof value === 'function';

function check(condition: unknown, message: string): void {
  if (!condition) throw new TypeError(message);
}

/** Checks what is not checked by the verification. Throws `TypeError`. */
export function checkReceiverOptions(options: ReceiverOptions): void {
  const { handoff, acknowledge, schemas, replay, logger = false, handlerTimeoutMs = 1 } = options;
  const { store, windowSeconds = 1, leaseSeconds = 1, maxHandlingSeconds = 1, timeoutMs = 1 } = replay ?? {};
  check(
    [handlerTimeoutMs, windowSeconds, leaseSeconds * 1000, maxHandlingSeconds * 1000, timeoutMs].every(
      // The upper bound is what timers can hold; beyond it they fire at once.
      (each) => each > 0 && each < 2 ** 31,
    ),
    'handlerTimeoutMs and replay times must be above 0.',
  );
  check(!replay || isFunction(store?.claim), 'replay needs a store, such as createMemoryReplayStore().');
  check(
    !handoff || (isFunction(handoff) && acknowledge !== 'early'),
    'handoff must be a function, without acknowledge: early.',
  );
  for (const type of Object.keys(schemas ?? {}))
    check(isEventType(type), `schemas: ${type} is not an event type.`);
  check(!logger || (isFunction(logger.warn) && isFunction(logger.error)), 'logger must have warn and error.');
}
