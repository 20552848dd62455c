import { Command, CommanderError } from 'commander';
import { packageVersion } from '../sender/version.js';
import { CliError, exitCodes } from './cli-error.js';
import type { CliContext } from './context.js';

/** A command of the command line: its name, options and help, and what it does. */
export type CommandFactory = (context: CliContext) => Command;

/** Every command, in the order of the help. */
const commands: readonly CommandFactory[] = [];

function createProgram(context: CliContext): Command {
  const program = new Command('hostwares-webhooks')
    .description('Send yourself signed Hostwares webhooks, look at them, and check your endpoint.')
    .version(packageVersion)
    .showHelpAfterError('(add --help for help)');
  for (const create of commands) program.addCommand(create(context));
  // Set on each: commander does not pass these on to commands that are added.
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
    });
  }
  return program;
}

/**
 * Runs the command line and returns the exit code.
 *
 * @param args - The arguments without the program: `['trigger', 'deployment.failed']`.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return context.signal.aborted ? exitCodes.interrupted : exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
    if (!(error instanceof CliError)) throw error;
    if (error.message !== '') context.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
}
