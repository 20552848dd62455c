import { escapeControls } from '../style.js';

/** Hex digits of 20 bytes or more, and 32 bytes in base64: the forms of a MAC. */
const macs = /[0-9a-f]{40,}|(?<![\w+/-])[\w+/-]{43}(?:=|(?![\w+/-]))/gi;
/** Shorter secrets are no secrets, and would blank out ordinary words. */
const minSecretLength = 6;

/**
 * Creates a function that makes a text safe to print: without the secrets, without anything that looks like a MAC, and without
 * control characters. Text of the capture is the sender's, and may repeat a secret anywhere.
 */
export function createRedactor(secrets: readonly string[]): (text: string) => string {
  const hidden = [
    ...new Set(secrets.flatMap((secret) => [secret, secret.trim(), secret.trim().replace(/^whsec_/, '')])),
  ]
    .filter((secret) => secret.length >= minSecretLength)
    .sort((left, right) => right.length - left.length);
  return (text) => {
    let safe = text;
    for (const secret of hidden) safe = safe.replaceAll(secret, '[hidden]');
    return escapeControls(safe.replace(macs, '[hidden]'));
  };
}
