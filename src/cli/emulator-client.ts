import { ApiError, callApi } from './api-client.js';
import { CliError, exitCodes } from './cli-error.js';
import { escapeControls, truncate } from './style.js';

/** A running emulator. */
export interface EmulatorConnection {
  /** Its address, without a trailing slash. */
  readonly url: string;
  readonly apiKey: string;
  readonly accountId: string;
}

export const defaultEmulatorUrl = 'http://127.0.0.1:4400';

/** @throws CliError if it is not a URL */
export function parseServerUrl(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return new URL(text).href.replace(/\/+$/, '');
  throw new CliError(
    `--url ${escapeControls(truncate(text, 80))}: expected the address of a server, such as ${defaultEmulatorUrl}.`,
  );
}

/**
 * Asks an emulator for its API key.
 *
 * @throws CliError if no emulator runs there
 */
export async function connectEmulator(url: string, signal: AbortSignal): Promise<EmulatorConnection> {
  try {
    const about = await callApi({ url: `${url}/emulator`, signal });
    const { api_key: apiKey, account_id: accountId } = about;
    if (typeof apiKey === 'string' && typeof accountId === 'string') return { url, apiKey, accountId };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === undefined) {
      throw new CliError(
        `No emulator runs at ${url} (${error.message}). Start one: hostwares-webhooks dev --forward-to URL`,
        exitCodes.unavailable,
      );
    }
  }
  throw new CliError(
    `The server at ${url} is not an emulator. Pass the address that dev printed: --url or --port.`,
    exitCodes.unavailable,
  );
}
