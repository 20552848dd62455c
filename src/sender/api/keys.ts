import { createHash, timingSafeEqual } from 'node:crypto';
import { checkAccountId } from '../input.js';

const minKeyLength = 16;

function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest();
}

/**
 * Finds the account that an `Authorization` header speaks for. Digests are compared, each with all, so that the
 * time it takes tells nothing of any key.
 *
 * @throws `TypeError` without keys, or with one that is too short.
 */
export function accountFinder(
  apiKeys: Readonly<Record<string, string>>,
): (authorization: string | undefined) => string | undefined {
  const accounts = Object.entries(apiKeys).map(([key, accountId]) => {
    if (key.length < minKeyLength || /[^\x21-\x7e]/.test(key)) {
      throw new TypeError(
        `An API key must have at least ${minKeyLength} characters, all of them visible ASCII.`,
      );
    }
    const checked = checkAccountId(accountId);
    if (checked === null) throw new TypeError('An API key must have the id of an account.');
    return { digest: digest(key), accountId: checked };
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
