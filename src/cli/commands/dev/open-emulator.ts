import { resolve } from 'node:path';
import process from 'node:process';
import { startEmulator } from '../../../emulator/start-emulator.js';
import type { Emulator } from '../../../emulator/types.js';
import { CliError, exitCodes } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { escapeControls } from '../../style.js';

/** The options of `dev` that concern the emulator itself. */
export interface OpenOptions {
  readonly port: number;
  readonly db?: string | undefined;
  readonly allowPrivateNetwork?: boolean | undefined;
}

/** Whether this Node has SQLite: 22.13 or later. */
function hasSqlite(): boolean {
  const { getBuiltinModule } = process as { getBuiltinModule?: (id: string) => unknown };
  return getBuiltinModule?.('node:sqlite') !== undefined;
}

/**
 * Starts the emulator. On a Node without SQLite, `--db` has no effect, and a warning says so.
 *
 * @throws CliError if the port is taken or the file cannot be used
 */
export async function openEmulator(
  { cwd, stderr }: CliContext,
  { port, db, allowPrivateNetwork }: OpenOptions,
): Promise<Emulator> {
  const isKept = db !== undefined && hasSqlite();
  if (db !== undefined && !isKept) {
    stderr.write(
      `--db needs Node 22.13 or later, and this is ${process.version}: everything is kept in memory until you quit.\n`,
    );
  }
  try {
    return await startEmulator({
      port,
      db: isKept ? resolve(cwd, db) : undefined,
      allowPrivateNetwork,
      onError: (error) => {
        const reason = error instanceof Error ? error.message : String(error);
        stderr.write(`The emulator reports: ${escapeControls(reason)}\n`);
      },
    });
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), exitCodes.unavailable);
  }
}
