import { createHash, timingSafeEqual } from 'node:crypto';
import { checkAccountId } from '../input.js';

const minKeyLength = 16;

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/**
 * Creates a function that returns the account whose API key an `Authorization` header carries. It compares digests, and
 * always all of them, so that the time it takes reveals nothing about a key.
 *
 * @throws `TypeError` if there are no keys, or a key is too short
 */
export function createAccountFinder(
  apiKeys: Readonly<Record<string, string>>,
): (authorization: string | undefined) => string | undefined {
  const accounts = Object.entries(apiKeys).map(([key, given]) => {
    if (key.length < minKeyLength || /[^\x21-\x7e]/.test(key)) {
      throw new TypeError(
        `An API key must have at least ${minKeyLength} characters, all of them visible ASCII.`,
      );
    }
    const accountId = checkAccountId(given);
    if (accountId === null) throw new TypeError('Every API key must have the id of an account.');
    return { digest: digest(key), accountId };
  });
  if (accounts.length === 0) throw new TypeError('apiKeys must have at least one key.');
  return (authorization) => {
    const key = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (key === undefined) return undefined;
    const given = digest(key);
    const matching = accounts.filter((account) => timingSafeEqual(account.digest, given));
    return matching[0]?.accountId;
  };
}
