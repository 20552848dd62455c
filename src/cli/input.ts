import { Buffer } from 'node:buffer';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError, exitCodes } from './cli-error.js';
import type { CliContext } from './context.js';
import { escapeControls } from './style.js';

/** The largest input that commands read by default, in bytes. */
const defaultMaxBytes = 1_048_576;

/** The bytes of a file or of standard input, unchanged. */
export interface Input {
  readonly bytes: Uint8Array;
  /** The file as it was given, or `standard input`, for messages. */
  readonly name: string;
}

/** Collects the bytes of a stream. @throws CliError if there are more than `maxBytes` */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array | string>,
  name: string,
  maxBytes: number,
): Promise<Uint8Array> {
  const collected: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > maxBytes)
      throw new CliError(`${name} is longer than ${maxBytes} bytes, the most that is read.`);
    collected.push(bytes);
  }
  return Buffer.concat(collected);
}

async function readFile({ cwd, signal }: CliContext, file: string, maxBytes: number): Promise<Input> {
  const name = escapeControls(file);
  try {
    await using handle = await open(resolve(cwd, file));
    // A stream, because the size of a pipe or a device is not known beforehand.
    const stream = handle.createReadStream({ autoClose: false, signal });
    return { bytes: await collectBytes(stream, name, maxBytes), name };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw describeReadError(error as NodeJS.ErrnoException, name, signal);
  }
}

function describeReadError(error: NodeJS.ErrnoException, name: string, signal: AbortSignal): CliError {
  if (signal.aborted) return new CliError('', exitCodes.interrupted);
  const reasons: Record<string, string> = {
    ENOENT: `There is no file ${name}. Name an existing file, or - for standard input.`,
    EISDIR: `${name} is a folder. Name a file, or - for standard input.`,
    EACCES: `${name} cannot be read: this user has no right to.`,
  };
  return new CliError(
    reasons[error.code ?? ''] ?? `${name} cannot be read: ${error.message}`,
    exitCodes.unavailable,
  );
}

async function readStdin({ stdin, signal }: CliContext, maxBytes: number): Promise<Input> {
  const name = 'standard input';
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => {
      reject(new CliError('', exitCodes.interrupted));
    };
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) onAbort();
  });
  try {
    return { bytes: await Promise.race([collectBytes(stdin, name, maxBytes), aborted]), name };
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * Reads a FILE argument of a command: a path, `-` for standard input, or undefined, which is standard input too unless
 * that is a terminal.
 *
 * @throws CliError if there is no input, the file cannot be read, or it is longer than `maxBytes` (1 MiB by default)
 */
export async function readInput(
  context: CliContext,
  file: string | undefined,
  maxBytes: number = defaultMaxBytes,
): Promise<Input> {
  if (file !== undefined && file !== '-') return readFile(context, file, maxBytes);
  if (context.stdin.isTTY === true) {
    if (file === undefined) throw new CliError('No input. Name a FILE, or pipe it to standard input.');
    context.stderr.write('Reading from the terminal. End with Ctrl-D on a line of its own.\n');
  }
  return readStdin(context, maxBytes);
}
