import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Mail } from './types.js';

/** The state that an emulator keeps in addition to its store. */
export interface EmulatorState {
  /** How far its clock is ahead of the machine's. */
  readonly aheadMs: number;
  /** Newest first. */
  readonly mails: readonly Mail[];
}

/** A century: beyond it, dates cannot be written any more. */
const maxAheadMs = 36_525 * 86_400_000;

const initialState: EmulatorState = { aheadMs: 0, mails: [] };

function isMail(value: unknown): value is Mail {
  if (typeof value !== 'object' || value === null) return false;
  const { sentAtMs, ...texts } = value as Record<keyof Mail, unknown>;
  const names = ['id', 'endpointId', 'to', 'subject', 'text', 'html'] as const;
  return Number.isSafeInteger(sentAtMs) && names.every((name) => typeof texts[name] === 'string');
}

function isState(value: unknown): value is EmulatorState {
  if (typeof value !== 'object' || value === null) return false;
  const { aheadMs, mails } = value as Record<keyof EmulatorState, unknown>;
  const isAhead =
    Number.isSafeInteger(aheadMs) && (aheadMs as number) >= 0 && (aheadMs as number) <= maxAheadMs;
  return isAhead && Array.isArray(mails) && mails.every(isMail);
}

/** @throws `Error` that names the file, if it cannot be read or has another content */
function readState(path: string): EmulatorState {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // The first write creates it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return initialState;
    throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
  try {
    const state: unknown = JSON.parse(text);
    if (isState(state)) return state;
  } catch {
    // Reported below.
  }
  throw new Error(
    `${path} is damaged or not a file of the emulator. Move it away, or choose another database.`,
  );
}

/** The state of an emulator, in a file beside the database. */
export class StateFile {
  private state: EmulatorState;

  /**
   * @param path - Undefined keeps the state in memory only.
   * @throws `Error` that names the file, if it cannot be read or has another content
   */
  constructor(private readonly path: string | undefined) {
    this.state = path === undefined ? initialState : readState(path);
  }

  get current(): EmulatorState {
    return this.state;
  }

  /** Changes nothing if the file cannot be written: then it throws. */
  update(changes: Partial<EmulatorState>): void {
    const state = { ...this.state, ...changes };
    if (this.path !== undefined) {
      // Replaced in one step, so that a crash leaves the old file or the new one.
      writeFileSync(`${this.path}.new`, JSON.stringify(state));
      renameSync(`${this.path}.new`, this.path);
    }
    this.state = state;
  }
}
