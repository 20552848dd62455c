/** The exit codes of every command. */
export const exitCodes = {
  ok: 0,
  /** The command did its work, and found a failure: an attempt failed, a check failed, a signature is wrong. */
  failed: 1,
  /** The command line, a file or a value of the environment is not valid. */
  usage: 2,
  /** The command could not do its work: nothing listens, a port is taken, a file cannot be opened. */
  unavailable: 3,
  /** Ctrl-C. */
  interrupted: 130,
} as const;

/** Ends the command with a message for the user and an exit code. */
export class CliError extends Error {
  constructor(
    message: string,
    readonly exitCode: number = exitCodes.usage,
  ) {
    super(message);
  }

  override get name(): 'CliError' {
    return 'CliError';
  }
}
