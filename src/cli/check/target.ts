import { CliError } from '../cli-error.js';

const loopback = /^(?:localhost|.+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * Parses a URL that requests are sent to.
 *
 * @throws CliError if it is not http or https, has credentials, or is not on this machine without `--i-own-this-host`
 */
export function parseTarget(text: string, name: string, isHostOwned: boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new CliError(
      `${name} is not an http or https URL. Example: http://localhost:3000/webhooks/hostwares`,
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new CliError(`${name} contains credentials. The platform sends none, so leave them out.`);
  }
  if (!isHostOwned && !loopback.test(url.hostname)) {
    throw new CliError(
      `${name} is on ${url.hostname}, not on this machine. check sends forged and very large requests: if the host is yours, add --i-own-this-host.`,
    );
  }
  return url;
}
