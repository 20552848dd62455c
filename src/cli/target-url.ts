import { checkTarget } from '../emulator/targets.js';
import { CliError } from './cli-error.js';
import { escapeControls, truncate } from './style.js';

/**
 * Reads the URL of a server to send to: `https:`, or `http:` on loopback.
 *
 * @param option - Named in the message.
 * @throws CliError that says how a URL is written, or names `--allow-private-network`
 */
export function parseTargetUrl(option: string, text: string, allowPrivateNetwork: boolean): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    const shown = url?.password ? '(with a password)' : escapeControls(truncate(text, 60));
    throw new CliError(
      `${option} ${shown}: expected a URL such as http://localhost:3000/webhooks/hostwares, without user and password.`,
    );
  }
  try {
    checkTarget(text, allowPrivateNetwork);
  } catch {
    throw new CliError(
      `${option} ${truncate(url.origin, 60)} is http: on another machine. Use https:, a loopback address, or --allow-private-network.`,
    );
  }
  return url.href;
}
