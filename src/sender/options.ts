import { checkKeys } from './input.js';
import type { SenderOptions } from './types.js';

const optionNames: readonly (keyof SenderOptions)[] = [
  'store',
  'transport',
  'clock',
  'retryScheduleSeconds',
  'attemptTimeoutMs',
  'maxInFlight',
  'maxInFlightPerAccount',
  'maxInFlightPerEndpoint',
  'jitterRatio',
  'random',
  'allowPrivateNetwork',
  'onEndpointDisabled',
  'onHeldExpiring',
  'retention',
  'onError',
];

const has = (value: unknown, ...methods: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  methods.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');
const isFunction = (value: unknown): boolean => value === undefined || typeof value === 'function';
const isNumber = (value: unknown, from: number, to: number): boolean =>
  typeof value === 'number' && value >= from && value <= to;
const isCount = (value: unknown): boolean => Number.isInteger(value) && isNumber(value, 1, Infinity);

/** @throws `TypeError` that names the option */
export function checkOptions(options: SenderOptions): void {
  const expect = (name: keyof SenderOptions, right: boolean, expected: string): void => {
    if (!right) throw new TypeError(`createSender: ${name} must be ${expected}.`);
  };
  const { store, transport, clock, retention = {}, retryScheduleSeconds = [] } = options;
  checkKeys('createSender', options, optionNames);
  expect('store', has(store, 'publish', 'claim', 'settle'), 'a store, such as createMemoryStore()');
  expect(
    'transport',
    transport === undefined || has(transport, 'send', 'close'),
    'an object with send and close',
  );
  expect(
    'clock',
    clock === undefined || has(clock, 'now', 'setTimeout'),
    'an object with now and setTimeout',
  );
  const isSchedule = Array.isArray(retryScheduleSeconds);
  expect(
    'retryScheduleSeconds',
    isSchedule && retryScheduleSeconds.every((seconds) => isNumber(seconds, 0, Number.MAX_SAFE_INTEGER)),
    'a list of seconds, 0 or more each',
  );
  expect('attemptTimeoutMs', isNumber(options.attemptTimeoutMs ?? 1, 1, 2 ** 30), 'milliseconds, 1 or more');
  expect('maxInFlight', isCount(options.maxInFlight ?? 1), 'a whole number above 0');
  expect('maxInFlightPerAccount', isCount(options.maxInFlightPerAccount ?? 1), 'a whole number above 0');
  expect('maxInFlightPerEndpoint', isCount(options.maxInFlightPerEndpoint ?? 1), 'a whole number above 0');
  expect('jitterRatio', isNumber(options.jitterRatio ?? 0, 0, 1), 'from 0 to 1');
  // No text: 'false' would be true.
  expect('allowPrivateNetwork', typeof (options.allowPrivateNetwork ?? false) === 'boolean', 'true or false');
  expect('random', isFunction(options.random), 'a function');
  expect('onEndpointDisabled', isFunction(options.onEndpointDisabled), 'a function');
  expect('onHeldExpiring', isFunction(options.onHeldExpiring), 'a function');
  expect('onError', isFunction(options.onError), 'a function');
  const { days = 1, heldDays = 1, deliveries = 0, bytes = 0 } = retention;
  expect(
    'retention',
    has(retention) &&
      [days, heldDays].every((each) => isNumber(each, Number.MIN_VALUE, 1e6)) &&
      [deliveries, bytes].every((each) => isNumber(each, 0, Infinity)),
    'an object with days and heldDays above 0, and deliveries and bytes of 0 or more',
  );
  checkKeys('retention', retention, ['days', 'heldDays', 'deliveries', 'bytes']);
}
