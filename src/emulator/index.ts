/**
 * Runs the platform on this machine: a sender with its API and a dashboard, for development and tests. Start with
 * {@link startEmulator}. For Node.
 *
 * @module emulator
 */
export { startEmulator } from './start-emulator.js';
export type {
  DeliveryChange,
  Emulator,
  EmulatorClock,
  EmulatorOptions,
  Fault,
  FaultKind,
  Faults,
  Mail,
  Mailbox,
  TriggerInput,
} from './types.js';
