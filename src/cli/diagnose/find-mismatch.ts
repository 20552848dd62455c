import { createHash } from 'node:crypto';
import { headerValues } from './capture.js';
import { guessBodies, maxGuessedBytes } from './body-guesses.js';
import { decompress } from './decompress.js';
import type { Cause, Check } from './diagnosis.js';
import { explained, type Facts } from './explained.js';
import { secretVariants, type SecretVariant } from './secret-variants.js';
import { findOtherHash, type FoundSignature } from './signature-forms.js';
import { toBytes } from '../../signing/hmac.js';
import type { Secret } from '../../signing/secrets.js';
import { matchesAny } from '../../signing/signature.js';
import type { OriginalGuess } from '../../verify/originals.js';

/** The input of {@link findMismatch}. */
export interface Mismatch extends Facts {
  readonly signature: FoundSignature;
  readonly timestamp: string | undefined;
  /** The secrets as they were given, with their names in messages. */
  readonly named: readonly { readonly name: string; readonly secret: string }[];
  /** The environment and `.env`, whose secrets are tried too. */
  readonly variables: Readonly<Record<string, string | undefined>>;
}

/** The causes of a mismatch, and everything that was tried to find them. */
export interface FoundMismatch {
  readonly checks: readonly Check[];
  readonly causes: readonly Cause[];
}

/** How many bytes the search for two faults at once may hash: a small part of a second. */
const maxHashedBytes = 67_108_864;

const code = 'signature_mismatch';

/** Tells whether any form of the signature matches a body. */
async function matches(
  signature: FoundSignature,
  body: Uint8Array,
  secrets: readonly Secret[],
): Promise<boolean> {
  for (const { digits } of signature.forms) if (await matchesAny(body, digits, secrets)) return true;
  return false;
}

function tried(name: string, isMatch: boolean): Check {
  return { outcome: 'tried', text: `tried: ${name} … ${isMatch ? 'yes' : 'no'}` };
}

/** Leaves out guesses that are equal to one before: two changes often give the same text. */
function* distinct(guesses: Iterable<OriginalGuess>): Generator<OriginalGuess> {
  const seen = new Set<string>();
  for (const guess of guesses) {
    const hash = createHash('sha256').update(guess.original).digest('base64');
    if (!seen.has(hash)) yield guess;
    seen.add(hash);
  }
}

function* allGuesses({ capture, body, timestamp }: Mismatch, receiverHint: string): Generator<OriginalGuess> {
  yield* capture.guesses;
  const [encoding = ''] = headerValues(capture, 'content-encoding');
  const decompressed = decompress(body, encoding);
  if (decompressed && 'body' in decompressed) {
    yield { name: 'decompressed', original: decompressed.body, hint: receiverHint };
  }
  yield* guessBodies({ body, timestamp, receiverHint });
}

function explainDamage({ capture, body }: Mismatch): Check[] {
  const decompressed = decompress(body, headerValues(capture, 'content-encoding')[0] ?? '');
  const problem = decompressed && 'problem' in decompressed ? decompressed.problem : undefined;
  return problem === undefined
    ? []
    : [{ outcome: 'info', text: `not tried: the decompressed body (${problem})` }];
}

function bodyCause({ name, hint }: OriginalGuess): Cause {
  return { code, text: hint, proof: `the signature matches the body ${name}` };
}

function secretCause({ name, hint }: SecretVariant): Cause {
  return { code, text: hint, proof: `the signature matches with ${name}` };
}

/** Tries each guess at the body with the secrets that were given. */
async function tryBodies(mismatch: Mismatch, guesses: readonly OriginalGuess[]): Promise<FoundMismatch> {
  const checks: Check[] = [];
  for (const guess of guesses) {
    const isMatch = await matches(mismatch.signature, toBytes(guess.original), mismatch.secrets);
    checks.push(tried(`body ${guess.name}`, isMatch));
    if (isMatch) return { checks, causes: [bodyCause(guess)] };
  }
  return { checks, causes: [] };
}

/** Tries each variant of the secrets with the body as it was captured. */
async function trySecrets(mismatch: Mismatch, variants: readonly SecretVariant[]): Promise<FoundMismatch> {
  const checks: Check[] = [];
  for (const variant of variants) {
    const isMatch = await matches(mismatch.signature, mismatch.body, [variant.secret]);
    checks.push(tried(variant.name, isMatch));
    if (isMatch) return { checks, causes: [secretCause(variant)] };
  }
  return { checks, causes: [] };
}

/** Tries a changed body and a wrong secret together. */
async function tryBoth(
  { signature }: Mismatch,
  guesses: readonly OriginalGuess[],
  variants: readonly SecretVariant[],
): Promise<FoundMismatch> {
  let hashed = 0;
  for (const guess of guesses) {
    const bytes = toBytes(guess.original);
    for (const variant of variants) {
      hashed += bytes.length * signature.forms.length;
      if (hashed > maxHashedBytes)
        return { checks: [tried('some of the changed bodies with other secrets', false)], causes: [] };
      if (await matches(signature, bytes, [variant.secret])) {
        const check = tried(`body ${guess.name}, with ${variant.name}`, true);
        return { checks: [check], causes: [bodyCause(guess), secretCause(variant)] };
      }
    }
  }
  const count = guesses.length * variants.length;
  return {
    checks: count === 0 ? [] : [tried(`changed bodies with other secrets, ${count} pairs`, false)],
    causes: [],
  };
}

function tryOtherHashes({ signature, body, secrets }: Mismatch): FoundMismatch {
  const hash = findOtherHash(signature.values, body, secrets);
  const checks = [tried('HMAC with SHA-1 or SHA-512', hash !== undefined)];
  if (hash === undefined) return { checks, causes: [] };
  const text = `The signature was made with ${hash}. Hostwares signs with SHA-256: use HMAC-SHA256 in the program that signs.`;
  return {
    checks,
    causes: [
      { code: 'malformed_signature', text, proof: `it is the HMAC-${hash} of the body with this secret` },
    ],
  };
}

/**
 * Looks for the causes of a signature that does not match: first a changed body, then a wrong secret, then both. If none is proven,
 * the cause is the receiver's own hint.
 */
export async function findMismatch(mismatch: Mismatch): Promise<FoundMismatch> {
  const receiverHint = (await explained(code, mismatch)).replace(
    /^The signature does not match the body and the secret\. /,
    '',
  );
  const checks = explainDamage(mismatch);
  if (mismatch.body.length > maxGuessedBytes) {
    checks.push({ outcome: 'info', text: `not tried: changes of a body above ${maxGuessedBytes} bytes` });
  }
  if (mismatch.signature.forms.length === 0) {
    const found = tryOtherHashes(mismatch);
    return { checks: [...checks, ...found.checks], causes: found.causes };
  }
  const guesses = [...distinct(allGuesses(mismatch, receiverHint))];
  const variants = [...secretVariants(mismatch.named, mismatch.variables)];
  for (const attempt of [
    () => tryBodies(mismatch, guesses),
    () => trySecrets(mismatch, variants),
    () => tryBoth(mismatch, guesses, variants),
  ]) {
    const found = await attempt();
    checks.push(...found.checks);
    if (found.causes.length > 0) return { checks, causes: found.causes };
  }
  return { checks, causes: [{ code, text: mismatch.capture.suspicion ?? receiverHint }] };
}
