import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { CliError, exitCodes } from './cli-error.js';
import type { CliContext } from './context.js';

/** The variable that holds the signing secret, in the environment and in `.env`. */
export const secretVariable = 'HOSTWARES_WEBHOOK_SECRET';

/** A signing secret, and the place where it was found. */
export interface FoundSecret {
  readonly secret: string;
  readonly source: '--secret' | 'the environment' | '.env';
}

/** Returns the text of `.env`; undefined if there is no such file. */
function readEnvFile(cwd: string): string | undefined {
  try {
    return readFileSync(join(cwd, '.env'), 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new CliError(`.env cannot be read: ${message}`, exitCodes.unavailable);
  }
}

/** Returns the variables of `.env`; none if there is no such file. */
export function readEnvVariables(cwd: string): Readonly<Record<string, string | undefined>> {
  return parseEnv(readEnvFile(cwd) ?? '');
}

function present(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value;
}

/**
 * Finds the signing secret: the flag, else `HOSTWARES_WEBHOOK_SECRET` in the environment, else in `.env` of the present
 * folder. A blank variable counts as absent, a blank flag as a mistake.
 *
 * @throws CliError for a blank flag, or a `.env` that cannot be read
 */
export function findSecret(
  { env, cwd }: Pick<CliContext, 'env' | 'cwd'>,
  flag: string | undefined,
): FoundSecret | undefined {
  if (flag !== undefined) {
    if (present(flag) === undefined)
      throw new CliError('--secret is blank. Pass the secret of the endpoint.');
    return { secret: flag, source: '--secret' };
  }
  const fromEnvironment = present(env[secretVariable]);
  if (fromEnvironment !== undefined) return { secret: fromEnvironment, source: 'the environment' };
  const fromFile = present(readEnvVariables(cwd)[secretVariable]);
  return fromFile === undefined ? undefined : { secret: fromFile, source: '.env' };
}

/**
 * Finds the signing secret as {@link findSecret} does.
 *
 * @throws CliError if there is none
 */
export function requireSecret(context: Pick<CliContext, 'env' | 'cwd'>, flag: string | undefined): string {
  const found = findSecret(context, flag);
  if (found) return found.secret;
  throw new CliError(`No secret. Pass --secret, or set ${secretVariable} in the environment or in .env.`);
}
