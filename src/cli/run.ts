import { Command, CommanderError } from 'commander';
import { isSenderError } from '../sender/errors.js';
import { packageVersion } from '../sender/version.js';
import { checkCommand } from './check/command.js';
import { CliError, exitCodes } from './cli-error.js';
import { devCommand } from './commands/dev/command.js';
import { signCommand } from './commands/sign.js';
import { tailCommand } from './commands/tail/command.js';
import { triggerCommand } from './commands/trigger/command.js';
import { verifyCommand } from './commands/verify.js';
import type { CliContext } from './context.js';
import { diagnoseCommand } from './diagnose/command.js';
import { escapeControlsInLines } from './style.js';

/** A command of the command line: its name, options and help, and what it does. */
type CommandFactory = (context: CliContext) => Command;

/** Every command, in the order of the help. */
const commands: readonly CommandFactory[] = [
  devCommand,
  triggerCommand,
  signCommand,
  verifyCommand,
  diagnoseCommand,
  checkCommand,
  tailCommand,
];

function createProgram(context: CliContext): Command {
  const program = new Command('hostwares-webhooks')
    .description('Send yourself signed Hostwares webhooks, look at them, and check your endpoint.')
    .version(packageVersion);
  for (const create of commands) program.addCommand(create(context));
  // Set on each: commander does not pass these on to commands that are added.
  for (const command of [program, ...program.commands]) {
    command
      .exitOverride()
      .showHelpAfterError('(add --help for help)')
      .configureOutput({
        writeOut: (text) => context.stdout.write(text),
        // It quotes arguments, which a script may have taken from elsewhere.
        writeErr: (text) => context.stderr.write(escapeControlsInLines(text)),
        getOutHelpWidth: () => context.stdout.columns ?? 100,
        getErrHelpWidth: () => context.stderr.columns ?? 100,
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
    if (isSenderError(error)) {
      context.stderr.write(`${escapeControlsInLines(error.message)}\n`);
      return exitCodes.usage;
    }
    if (!(error instanceof CliError)) throw error;
    if (error.message !== '') context.stderr.write(`${escapeControlsInLines(error.message)}\n`);
    return error.exitCode;
  }
}
