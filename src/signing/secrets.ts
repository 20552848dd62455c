import { WebhookError } from '../errors.js';

/**
 * A signing secret as the dashboard shows it. The UTF-8 bytes of a string are the key, including the prefix
 * (`whsec_`); the string is not decoded from base64.
 */
export type Secret = string | Uint8Array;

/**
 * The source of the secret: one secret, several (during a rotation all are tried), or a function
 * that is called for every request with the adapter's context (Hono's `c`, the request elsewhere).
 *
 * A plain value is checked at set-up. A function's result is checked per request: a missing or
 * blank secret is `misconfigured` (500, so that the platform retries), never a pass.
 */
export type SecretSource =
  Secret | readonly Secret[] | ((context: unknown) => SecretResult | Promise<SecretResult>);

/** The result of a secret function. `undefined` and `null` mean that it has no secret: `misconfigured`. */
export type SecretResult = Secret | readonly Secret[] | undefined | null;

/** Checked secrets, or the function that gets them for a request. */
export type SecretResolver = readonly Secret[] | ((context: unknown) => Promise<readonly Secret[]>);

function isSecret(value: unknown): value is Secret {
  if (typeof value === 'string') return value.trim() !== '';
  // Not instanceof: in a vm or a test runner the array may come from another realm.
  return ArrayBuffer.isView(value) && (value as Uint8Array).length > 0;
}

/**
 * Returns one or more secrets as a list.
 *
 * @throws `TypeError` if one is missing or blank. The message never contains a secret.
 */
export function checkSecrets(value: unknown): readonly Secret[] {
  const secrets = (Array.isArray(value) ? value : [value]) as unknown[];
  if (secrets.length > 0 && secrets.every(isSecret)) return secrets;
  throw new TypeError('The secret is missing or blank. Check the environment.');
}

/** Checks a plain source at once. Wraps a function, so that its failures become `misconfigured`. */
export function resolveSecrets(source: SecretSource): SecretResolver {
  if (typeof source !== 'function') return checkSecrets(source);
  return async (context) => {
    try {
      return checkSecrets(await source(context));
    } catch (cause) {
      throw new WebhookError('misconfigured', undefined, { cause });
    }
  };
}
