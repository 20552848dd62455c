/** The parts of the process that commands use. Tests pass their own. */
export interface CliContext {
  readonly stdin: CliInput;
  readonly stdout: CliOutput;
  readonly stderr: CliOutput;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder that relative paths and `.env` are read from. */
  readonly cwd: string;
  /** Aborted by Ctrl-C. A command then ends what it started and resolves. */
  readonly signal: AbortSignal;
}

/** The stream that input is read from. */
export interface CliInput extends AsyncIterable<Uint8Array> {
  readonly isTTY?: boolean | undefined;
  /** Delivers each key at once, Ctrl-C included. Terminals have it. */
  setRawMode?(isRaw: boolean): unknown;
}

/** A stream that text is written to. */
export interface CliOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}
