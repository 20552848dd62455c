import ipaddr from 'ipaddr.js';
import { SenderError } from '../errors.js';
import { isPublicAddress } from './public-address.js';
import { resolveName, type Resolution } from './resolution.js';
import { createDnsResolve, resolveLocal, type Resolve } from './resolvers.js';

/** Decides which URLs and addresses may be connected to (contract section 4). */
export interface UrlGuard {
  /**
   * Checks a URL without resolving its host. An IP address in it is checked too.
   *
   * @throws {@link SenderError} `invalid_url`
   */
  checkUrl(url: string): URL;
  /**
   * Resolves a host once and checks every address, late answers included. The caller connects only to addresses of
   * this resolution.
   *
   * @throws {@link SenderError} `invalid_url` if any address is not public; the resolver's error.
   */
  resolve(hostname: string): Promise<Resolution>;
}

/** The bad ports of the fetch standard. They belong to other protocols, whose servers must not receive requests. */
const badPorts = new Set(
  `0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123
  135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993
  995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080`.split(
    /\s+/,
  ),
);

function invalidUrl(problem: string): SenderError {
  return new SenderError('invalid_url', `The endpoint's URL ${problem}`);
}

/** Returns the IP address in a host name. `URL` has already normalised unusual forms of IPv4. */
function literalOf(hostname: string): string | undefined {
  const text = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(text) ? text : undefined;
}

/** RFC 6761: never a public host, whatever a resolver answers. */
function isLocalhost(hostname: string): boolean {
  return /(?:^|\.)localhost\.?$/.test(hostname);
}

function parseUrl(text: string): URL {
  if (URL.canParse(text)) return new URL(text);
  throw invalidUrl('is not a URL. Expected https://your-app.com/webhooks/hostwares.');
}

function notPublic(): SenderError {
  return invalidUrl(
    'leads to an address that is not public. Use a public host; allowPrivateNetwork is for local work.',
  );
}

/** @throws {@link SenderError} `invalid_url` */
function checkScheme({ protocol }: URL, allowPrivateNetwork: boolean): void {
  if (protocol === 'https:' || (allowPrivateNetwork && protocol === 'http:')) return;
  throw invalidUrl('must begin with https:. allowPrivateNetwork allows http: for local work.');
}

/** @throws {@link SenderError} `invalid_url` */
function checkPublicOrigin({ port, hostname }: URL): void {
  if (badPorts.has(port)) {
    throw invalidUrl(`has port ${port}, which belongs to another protocol. Use 443 or another port.`);
  }
  const literal = literalOf(hostname);
  if (literal === undefined ? isLocalhost(hostname) : !isPublicAddress(literal)) throw notPublic();
}

/**
 * Creates the guard that is applied when an endpoint is saved, pinged or sent a delivery.
 *
 * @param allowPrivateNetwork - Allows `http:`, every port and addresses that are not public, for local work.
 */
export function createUrlGuard(
  allowPrivateNetwork: boolean,
  resolve: Resolve = allowPrivateNetwork ? resolveLocal : createDnsResolve(),
): UrlGuard {
  function check(addresses: readonly string[]): readonly string[] {
    if (allowPrivateNetwork || addresses.every(isPublicAddress)) return addresses;
    throw notPublic();
  }

  return {
    checkUrl(text) {
      const url = parseUrl(text);
      checkScheme(url, allowPrivateNetwork);
      if (url.username !== '' || url.password !== '') {
        throw invalidUrl('must not contain a user name or password.');
      }
      if (!allowPrivateNetwork) checkPublicOrigin(url);
      return url;
    },
    async resolve(hostname) {
      const literal = literalOf(hostname);
      if (literal !== undefined) return { addresses: check([literal]) };
      const resolution = await resolveName(resolve, hostname, check);
      if (resolution.addresses.length === 0) throw invalidUrl('has a host without an address.');
      return resolution;
    },
  };
}
