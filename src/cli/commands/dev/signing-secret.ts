import { Buffer } from 'node:buffer';
import type { Emulator } from '../../../emulator/types.js';
import { checkSecret } from '../../../sender/input.js';
import { CliError } from '../../cli-error.js';
import type { CliContext } from '../../context.js';
import { findSecret, secretVariable, type FoundSecret } from '../../secret.js';
import { findEndpoint } from './endpoints.js';
import type { Target } from './targets.js';

/** The secret that all endpoints of `dev` sign with. */
export interface SigningSecret {
  readonly secret: string;
  readonly source: FoundSecret['source'] | 'made' | 'the database';
}

/**
 * Returns the secret of the flag, the environment or `.env`; undefined if there is none.
 *
 * @throws CliError if the platform would not accept it
 */
export function findGivenSecret(context: CliContext, flag: string | undefined): FoundSecret | undefined {
  const found = findSecret(context, flag);
  if (!found) return undefined;
  try {
    checkSecret(found.secret);
  } catch (error) {
    throw new CliError(`${(error as Error).message} (${secretVariable} of ${found.source})`);
  }
  return found;
}

/** Chooses the secret: the given one, else that of an existing endpoint, else a new one. */
export async function chooseSecret(
  emulator: Emulator,
  targets: readonly Target[],
  given: FoundSecret | undefined,
): Promise<SigningSecret> {
  if (given) return given;
  for (const { url } of targets) {
    const existing = await findEndpoint(emulator, url);
    const secret = existing && (await emulator.secretOf(existing.id));
    if (secret !== undefined) return { secret, source: 'the database' };
  }
  const random = crypto.getRandomValues(new Uint8Array(32));
  return { secret: `whsec_${Buffer.from(random).toString('base64url')}`, source: 'made' };
}

/** Returns the line of `.env` that sets the secret, quoted if it has to be. */
export function toEnvLine(secret: string): string {
  const quote = /^[\w.:/+=@-]+$/.test(secret)
    ? ''
    : (["'", '"', '`'].find((mark) => !secret.includes(mark)) ?? '');
  return `${secretVariable}=${quote}${secret}${quote}`;
}
