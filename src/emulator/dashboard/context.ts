import type { EmulatorCore } from '../emulator.js';
import { ClockRunner } from './clock-runner.js';
import { createToken } from './csrf.js';
import { FlashMessages } from './flash-messages.js';

/** The objects that every page and action of the dashboard uses. */
export interface Dashboard {
  readonly emulator: EmulatorCore;
  /** The token that every form carries. */
  readonly token: string;
  readonly flashes: FlashMessages;
  readonly clockRunner: ClockRunner;
}

export function createDashboard(emulator: EmulatorCore): Dashboard {
  return {
    emulator,
    token: createToken(),
    flashes: new FlashMessages(),
    clockRunner: new ClockRunner(emulator.clock),
  };
}
