import { SenderError } from '../sender/errors.js';

function isLoopback(hostname: string): boolean {
  return (
    /^(?:.+\.)?localhost\.?$/.test(hostname) || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]'
  );
}

/**
 * Rejects a URL to which the emulator must not send: on another machine, it must be `https:`.
 *
 * @throws `SenderError` `invalid_url`
 */
export function checkTarget(text: string, allowPrivateNetwork: boolean): void {
  if (allowPrivateNetwork || !URL.canParse(text)) return;
  const { protocol, hostname } = new URL(text);
  if (protocol !== 'http:' || isLoopback(hostname)) return;
  throw new SenderError(
    'invalid_url',
    "The endpoint's URL is http: on another machine. Use https:, a loopback address such as localhost, or allow it (--allow-private-network, allowPrivateNetwork).",
  );
}
