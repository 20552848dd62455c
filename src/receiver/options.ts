/* eslint-disable @typescript-eslint/unbound-method -- only the types of methods are read */
import { isEventType } from '../events/types.js';
import type { ReceiverOptions } from './types.js';

/** How long handlers may take by default, in milliseconds. A hand-off only stores the event. */
const defaultHandlingMs = 120_000;
const defaultHandoffMs = 10_000;

const isFunction = (value: unknown): boolean => typeof value === 'function';

function check(condition: unknown, message: string): void {
  if (!condition) throw new TypeError(message);
}

/** Tells whether a duration is absent or valid. A timer above the upper bound would fire at once. */
function isDuration(value: number | undefined, unitMs = 1): boolean {
  return value === undefined || (value > 0 && value * unitMs < 2 ** 31);
}

/**
 * Checks the options that the verification does not check.
 *
 * @throws `TypeError` for options that cannot work.
 */
export function checkReceiverOptions(options: ReceiverOptions): void {
  const { handoff, acknowledge, schemas, replay, logger, handlerTimeoutMs } = options;
  check(
    isDuration(handlerTimeoutMs) &&
      isDuration(replay?.timeoutMs) &&
      isDuration(replay?.windowSeconds) &&
      isDuration(replay?.leaseSeconds, 1000) &&
      isDuration(replay?.maxHandlingSeconds, 1000),
    'handlerTimeoutMs and replay times must be above 0.',
  );
  check(
    !replay || isFunction((replay.store as { claim?: unknown } | undefined)?.claim),
    'replay needs a store.',
  );
  check(
    !handoff || (isFunction(handoff) && acknowledge !== 'early'),
    'handoff must be a function without acknowledge: early.',
  );
  for (const type in schemas) check(isEventType(type), `schemas: ${type} is not an event type.`);
  check(!logger || (isFunction(logger.warn) && isFunction(logger.error)), 'logger must have warn and error.');
}

/** How long the handlers of one request may take together, in milliseconds. A claim limits it too. */
export function handlingTimeoutMs({ handoff, handlerTimeoutMs, replay }: ReceiverOptions): number {
  return Math.min(
    handlerTimeoutMs ?? (handoff ? defaultHandoffMs : defaultHandlingMs),
    replay ? (replay.maxHandlingSeconds ?? 120) * 1000 : Infinity,
  );
}
