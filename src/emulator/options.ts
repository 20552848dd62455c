import process from 'node:process';
import { checkKeys } from '../sender/input.js';
import type { EmulatorOptions } from './types.js';

/** The options of an emulator with their defaults. The sender checks and completes those that it is passed. */
export interface EmulatorSettings {
  readonly port: number;
  readonly db: string | undefined;
  readonly allowPrivateNetwork: boolean;
  readonly retryScheduleSeconds: readonly number[] | undefined;
  readonly attemptTimeoutMs: number | undefined;
  readonly onError: (error: unknown) => unknown;
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}

/** @throws `TypeError` that names the option */
export function resolveOptions(options: EmulatorOptions): EmulatorSettings {
  checkKeys('startEmulator', options, [
    'port',
    'db',
    'allowPrivateNetwork',
    'retryScheduleSeconds',
    'attemptTimeoutMs',
    'onError',
  ]);
  const { port = 0, db, allowPrivateNetwork = false, onError = warn } = options;
  const { retryScheduleSeconds, attemptTimeoutMs } = options;
  if (!(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new TypeError('startEmulator: port must be a whole number from 0 to 65535.');
  }
  if (db !== undefined && (typeof db !== 'string' || db === '' || db === ':memory:')) {
    throw new TypeError('startEmulator: db must be the path of a file. Without it, everything is in memory.');
  }
  if (typeof allowPrivateNetwork !== 'boolean') {
    throw new TypeError('startEmulator: allowPrivateNetwork must be true or false.');
  }
  if (typeof onError !== 'function') throw new TypeError('startEmulator: onError must be a function.');
  return { port, db, allowPrivateNetwork, retryScheduleSeconds, attemptTimeoutMs, onError };
}
