import { Buffer } from 'node:buffer';
import type { Secret } from '../../signing/secrets.js';

/** A secret that may have been meant. */
export interface SecretVariant {
  /** Completes "the signature matches …". It never contains the secret. */
  readonly name: string;
  readonly secret: Secret;
  /** The fault of the given secret, and what to do about it. */
  readonly hint: string;
}

const decoded =
  'Hostwares uses the text of the secret as the key, whsec_ included. Do not decode it, and remove nothing from it.';

/** The hint for a secret that the signer decoded or changed. */
const signerHint = `The signer used other bytes of the secret as its key. ${decoded}`;

/** Yields what may have been meant by a secret, as texts. */
function* textVariants(secret: string): Generator<readonly [name: string, text: string, hint: string]> {
  const trimmed = secret.trim();
  const spaced = 'The secret has white space or a line break around it. Remove it where it is set.';
  yield ['without the white space around it', trimmed, spaced];
  const quoted = 'The secret has quotes around it. Remove them where it is set.';
  yield ['without the quotes around it', trimmed.replace(/^["'`]|["'`]$/g, '').trim(), quoted];
  const assigned = 'The secret has the name of the variable in front of it. Set the value only.';
  const value = trimmed.replace(/^(?:export\s+)?\w+=/, '').replace(/^["'`]|["'`]$/g, '');
  yield ['without the name of the variable', value, assigned];
  const escaped = 'The secret ends with \\n or \\r as two characters. Remove them where it is set.';
  yield ['without the \\n at its end', trimmed.replace(/(?:\\[rn])+$/, ''), escaped];
  const ending =
    'The signer’s secret ends with a line break. Save the secret again without it (echo adds one, printf does not).';
  yield ['with a final line feed', `${trimmed}\n`, ending];
  yield ['with a final CR LF', `${trimmed}\r\n`, ending];
  yield ['without the prefix whsec_', trimmed.replace(/^whsec_/, ''), signerHint];
  if (!trimmed.startsWith('whsec_')) {
    yield [
      'with the prefix whsec_',
      `whsec_${trimmed}`,
      'The secret lacks its prefix whsec_. Copy it with the prefix.',
    ];
  }
}

function* byteVariants(secret: string): Generator<readonly [name: string, bytes: Uint8Array]> {
  const text = secret.trim();
  const bare = text.replace(/^whsec_/, '');
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(bare)) yield ['decoded from base64', Buffer.from(bare, 'base64')];
  if (/^(?:[0-9a-f]{2})+$/i.test(bare)) yield ['decoded from hex', Buffer.from(bare, 'hex')];
}

/**
 * Yields secrets that may have been meant: variants of each one that was given, and the values of other variables.
 *
 * @param secrets - The secrets that were given, with their names in messages.
 * @param variables - The environment and `.env`.
 */
export function* secretVariants(
  secrets: readonly { readonly name: string; readonly secret: string }[],
  variables: Readonly<Record<string, string | undefined>>,
): Generator<SecretVariant> {
  const seen = new Set(secrets.map(({ secret }) => secret));
  for (const { name, secret } of secrets) {
    for (const [change, text, hint] of textVariants(secret)) {
      if (text.trim() === '' || seen.has(text)) continue;
      seen.add(text);
      yield { name: `${name} ${change}`, secret: text, hint };
    }
    for (const [change, bytes] of byteVariants(secret)) {
      if (bytes.length > 0) yield { name: `${name} ${change}`, secret: bytes, hint: signerHint };
    }
  }
  for (const [variable, text] of Object.entries(variables)) {
    const isSecret =
      /secret|signing|webhook|hostwares/i.test(variable) || text?.startsWith('whsec_') === true;
    if (!isSecret || text === undefined || text.trim() === '' || seen.has(text)) continue;
    seen.add(text);
    const hint = `The secret is the one in the variable ${variable}, not the one that was given. Use that variable.`;
    yield { name: `the value of ${variable}`, secret: text, hint };
  }
}
