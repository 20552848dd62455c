import { lookup, Resolver } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { SenderError } from './errors.js';

/** Resolves a host name to all of its addresses. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** What may be connected to (contract section 4). */
export interface UrlGuard {
  /**
   * Checks what can be told from the URL alone, a literal address included.
   *
   * @throws {@link SenderError} `invalid_url`
   */
  checkUrl(url: string): URL;
  /**
   * Resolves a host once and checks every address. The caller connects to one of these and to no other.
   *
   * @throws {@link SenderError} `invalid_url` where any address is not public; what the resolver throws.
   */
  resolve(hostname: string): Promise<readonly string[]>;
}

/** Global unicast IPv6 as assigned; what else `unicast` may cover is not routed to anybody. */
const assignedIpv6 = ipaddr.parseCIDR('2000::/3');
/** Documentation (RFC 9637), which is younger than the library's list. */
const documentationIpv6 = ipaddr.parseCIDR('3fff::/20');

/**
 * Whether an address is public. Every form of IPv4 within IPv6 (mapped, compatible, translated, 6to4,
 * Teredo) is a range of its own to the library, and is refused as such.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || (address.match(assignedIpv6) && !address.match(documentationIpv6));
}

/** As this machine has it, its own names included: for local work. */
async function resolveLocal(hostname: string): Promise<readonly string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}

/**
 * By DNS alone. Not by the system's `lookup`: it has four threads for the whole process, and one name server that
 * is silent would take them from everybody.
 */
function createPublicResolve(): Resolve {
  const resolver = new Resolver({ timeout: 2_500, tries: 3 });
  return async (hostname) => {
    const answers = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const [first] = answers;
    if (addresses.length === 0 && first.status === 'rejected') throw first.reason;
    return addresses;
  };
}

/** An address in a URL stands in brackets if it is IPv6. `URL` has made every odd form of IPv4 a plain one. */
function literalOf(hostname: string): string | undefined {
  const text = hostname.replace(/^\[|\]$/g, '');
  return ipaddr.isValid(text) ? text : undefined;
}

/**
 * Makes the guard that stands before save, ping and delivery alike.
 *
 * @param allowPrivateNetwork - Admits `http:` and addresses that are not public, for local work.
 */
export function createUrlGuard(
  allowPrivateNetwork: boolean,
  resolver: Resolve = allowPrivateNetwork ? resolveLocal : createPublicResolve(),
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
      const literal = literalOf(url.hostname);
      if (literal !== undefined) check(literal);
      // Never a public host (RFC 6761), whatever a resolver says.
      else if (/(?:^|\.)localhost\.?$/.test(url.hostname)) check('127.0.0.1');
      return url;
    },
    async resolve(hostname) {
      const literal = literalOf(hostname);
      const addresses = literal === undefined ? await resolver(hostname) : [literal];
      if (addresses.length === 0) throw refuse('has a host without an address.');
      return addresses.map(check);
    },
  };
}
