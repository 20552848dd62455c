import process from 'node:process';
import { withoutUndefined } from '../shared/without-undefined.js';
import { systemClock } from './clock.js';
import { defaultRetention, type RetentionLimits } from './delivery/retention.js';
import { defaultRetryScheduleSeconds } from './delivery/retry-schedule.js';
import { checkKeys } from './input.js';
import type { RetentionOptions, SenderOptions } from './types.js';

/** The check of one option. */
interface Check {
  readonly isValid: (value: unknown) => boolean;
  /** Completes the sentence "The option must be …". */
  readonly expected: string;
}

/** One check for each option. Its keys are the names of the options, so these are listed nowhere else. */
type Checks<Options> = { readonly [Name in keyof Options]-?: Check };

type Predicate = (value: unknown) => boolean;

function required(isValid: Predicate, expected: string): Check {
  return { isValid, expected };
}

function optional(isValid: Predicate, expected: string): Check {
  return { isValid: (value) => value === undefined || isValid(value), expected };
}

const isObject: Predicate = (value) => typeof value === 'object' && value !== null;
const isFunction: Predicate = (value) => typeof value === 'function';
const isBoolean: Predicate = (value) => typeof value === 'boolean';

function hasMethods(...names: readonly string[]): Predicate {
  return (value) =>
    isObject(value) && names.every((name) => isFunction((value as Record<string, unknown>)[name]));
}

function isNumber(min: number, max: number): Predicate {
  return (value) => typeof value === 'number' && value >= min && value <= max;
}

const isSeconds = isNumber(0, Number.MAX_SAFE_INTEGER);

const count = optional(
  (value) => Number.isInteger(value) && isNumber(1, Infinity)(value),
  'a whole number above 0',
);
const days = optional(isNumber(Number.MIN_VALUE, 1e6), 'a number of days above 0');
const amount = optional(isNumber(0, Infinity), 'a number of 0 or more');
const callback = optional(isFunction, 'a function');

const senderChecks: Checks<SenderOptions> = {
  store: required(hasMethods('publish', 'claim', 'settle'), 'a store, such as createMemoryStore()'),
  transport: optional(hasMethods('send', 'close'), 'an object with send and close'),
  clock: optional(hasMethods('now', 'setTimeout'), 'an object with now and setTimeout'),
  retryScheduleSeconds: optional(
    (value) => Array.isArray(value) && value.every(isSeconds),
    'a list of seconds, each 0 or more',
  ),
  // Timers are limited to less than 2^31 ms, and the lease of an attempt is longer than its timeout.
  attemptTimeoutMs: optional(isNumber(1, 2 ** 30), 'a number of milliseconds from 1 to 2^30'),
  maxInFlight: count,
  maxInFlightPerAccount: count,
  maxInFlightPerEndpoint: count,
  jitterRatio: optional(isNumber(0, 1), 'a number from 0 to 1'),
  random: callback,
  // The text 'false', from an environment variable, would count as true.
  allowPrivateNetwork: optional(isBoolean, 'true or false'),
  onEndpointDisabled: callback,
  onHeldExpiring: callback,
  retention: optional(isObject, 'an object'),
  onError: callback,
};

const retentionChecks: Checks<RetentionOptions> = {
  days,
  heldDays: days,
  deliveries: amount,
  bytes: amount,
};

/** Checks an options object; `prefix` precedes the names of its options in error messages. */
function checkValues(prefix: string, options: object, checks: Readonly<Record<string, Check>>): void {
  for (const [name, { isValid, expected }] of Object.entries(checks)) {
    if (isValid((options as Record<string, unknown>)[name])) continue;
    throw new TypeError(`${prefix}${name} must be ${expected}.`);
  }
}

/** @throws `TypeError` that names the option */
function checkOptions(options: SenderOptions): void {
  checkKeys('createSender', options, Object.keys(senderChecks));
  checkValues('createSender: ', options, senderChecks);
  const { retention = {} } = options;
  checkKeys('retention', retention, Object.keys(retentionChecks));
  checkValues('createSender: retention.', retention, retentionChecks);
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

/** Isolates the sender from an `onError` callback that fails: the process gets a warning instead. */
function isolated(onError: (error: unknown) => unknown): (error: unknown) => void {
  return (error) => {
    Promise.resolve()
      .then(() => onError(error))
      .catch(warn);
  };
}

type WithDefaults<Options> = { readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined> };

/** The options of a sender with their defaults. The default transport needs the URL guard, so it is created later. */
export interface SenderSettings extends WithDefaults<Omit<SenderOptions, 'transport' | 'retention'>> {
  readonly transport: SenderOptions['transport'];
  readonly retention: RetentionLimits;
}

/**
 * Checks the options of `createSender` and adds their defaults.
 *
 * @throws `TypeError` that names the option
 */
export function resolveOptions(options: SenderOptions): SenderSettings {
  checkOptions(options);
  const { maxInFlight = 512, onError = warn } = options;
  return {
    clock: systemClock,
    retryScheduleSeconds: defaultRetryScheduleSeconds,
    attemptTimeoutMs: 15_000,
    // The other accounts keep half of all slots.
    maxInFlightPerAccount: Math.max(1, Math.floor(maxInFlight / 2)),
    maxInFlightPerEndpoint: 8,
    jitterRatio: 0,
    random: Math.random,
    allowPrivateNetwork: false,
    onEndpointDisabled: () => undefined,
    onHeldExpiring: () => undefined,
    transport: undefined,
    ...withoutUndefined(options),
    maxInFlight,
    retention: { ...defaultRetention, ...withoutUndefined(options.retention) },
    onError: isolated(onError),
  };
}
