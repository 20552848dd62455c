import ipaddr from 'ipaddr.js';
import { SenderError } from '../errors.js';
import { isPublicAddress } from './public-address.js';
import { createDnsResolve, resolveLocal, resolveName, type Resolution, type Resolve } from './resolution.js';

/** Decides what may be connected to (contract section 4). */
export interface UrlGuard {
  /**
   * Checks what the URL alone tells, a literal address included.
   *
   * @throws {@link SenderError} `invalid_url`
   */
  checkUrl(url: string): URL;
  /**
   * Resolves a host once and checks every address, those that are answered late included. The caller connects to
   * one of these and to no other.
   *
   * @throws {@link SenderError} `invalid_url` if any address is not public; what the resolver throws.
   */
  resolve(hostname: string): Promise<Resolution>;
}

/** The bad ports of the fetch standard: other protocols', whose servers a request must not be aimed at. */
const badPorts = new Set(
  `0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115 117 119 123
  135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587 601 636 989 990 993
  995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669 6679 6697 10080`.split(
    /\s+/,
  ),
);

/** An IPv6 address in a URL is in brackets. `URL` has made every odd form of IPv4 a plain one. */
function literalOf(hostname: string): string | undefined {
  const text = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(text) ? text : undefined;
}

/**
 * Creates the guard that save, ping and delivery all pass.
 *
 * @param allowPrivateNetwork - Admits `http:`, every port and addresses that are not public, for local work.
 */
export function createUrlGuard(
  allowPrivateNetwork: boolean,
  resolve: Resolve = allowPrivateNetwork ? resolveLocal : createDnsResolve(),
): UrlGuard {
  function refuse(what: string): SenderError {
    return new SenderError('invalid_url', `The endpoint's URL ${what}`);
  }

  function check(address: string): string {
    if (allowPrivateNetwork || isPublicAddress(address)) return address;
    throw refuse(
      'leads to an address that is not public. Give a public host; allowPrivateNetwork is for local work.',
    );
  }

  return {
    checkUrl(text) {
      if (!URL.canParse(text))
        throw refuse('is not a URL. Expected https://your-app.com/webhooks/hostwares.');
      const url = new URL(text);
      if (url.protocol !== 'https:' && !(allowPrivateNetwork && url.protocol === 'http:')) {
        throw refuse('must begin with https:. allowPrivateNetwork admits http: for local work.');
      }
      if (url.username !== '' || url.password !== '') throw refuse('must not hold a user name or password.');
      if (!allowPrivateNetwork && badPorts.has(url.port)) {
        throw refuse(`has port ${url.port}, which belongs to another protocol. Use 443 or another port.`);
      }
      const literal = literalOf(url.hostname);
      if (literal !== undefined) check(literal);
      // Never a public host (RFC 6761), whatever a resolver says.
      else if (/(?:^|\.)localhost\.?$/.test(url.hostname)) check('127.0.0.1');
      return url;
    },
    async resolve(hostname) {
      const literal = literalOf(hostname);
      if (literal !== undefined) return { addresses: [check(literal)] };
      const resolution = await resolveName(resolve, hostname, (addresses) => addresses.map(check));
      if (resolution.addresses.length === 0) throw refuse('has a host without an address.');
      return resolution;
    },
  };
}
