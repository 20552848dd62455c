import { WebhookError } from '../errors.js';

/**
 * A signing secret as shown in the dashboard. A string is used as its UTF-8 bytes, prefix
 * (`whsec_`) included; it is not base64-decoded.
 */
export type Secret = string | Uint8Array;

/**
 * Where the secret comes from: one secret, several (during a rotation: all are tried), or a function
 * that is called for every request with the adapter's context (Hono's `c`, the request elsewhere).
 *
 * A plain value is checked at set-up. What a function returns is checked per request: a missing or
 * blank secret is `misconfigured` (500, so that the platform tries again), never a pass.
 */
export type SecretSource =
  Secret | readonly Secret[] | ((context: unknown) => SecretResult | Promise<SecretResult>);

/** What a secret function may return. `undefined` and `null` mean that it has none: `misconfigured`. */
export type SecretResult = Secret | readonly Secret[] | undefined | null;

/** Checked secrets, or how to get them for a request. */
export type SecretResolver = readonly Secret[] | ((context: unknown) => Promise<readonly Secret[]>);

/** Checks one or more secrets. Throws `TypeError`; the message never holds a secret. */
export function checkSecrets(value: unknown): readonly Secret[] {
  const secrets = (Array.isArray(value) ? value : [value]) as unknown[];
  // A loop: `every` with its callback can be measured in verifyWebhook, which comes here for every request.
  let usable = secrets.length > 0;
  for (const secret of secrets) usable &&= isSecret(secret);
  if (usable) return secrets as Secret[];
  throw new TypeError(
    'A webhook secret is missing or blank: expected a string or Uint8Array. Is its environment variable set?',
  );
}

function isSecret(value: unknown): value is Secret {
  if (typeof value === 'string') return value.trim() !== '';
  // Not instanceof: in a vm or a test runner the array may come from another realm.
  return ArrayBuffer.isView(value) && (value as Uint8Array).length > 0;
}

/** Checks a plain source at once; wraps a function so that its faults become `misconfigured`. */
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
