import ipaddr from 'ipaddr.js';

/** Assigned global unicast IPv6; nothing else that `unicast` may cover is routed to anybody. */
const assignedIpv6 = ipaddr.parseCIDR('2000::/3');
/** Documentation (RFC 9637), which is younger than the library's list. */
const documentationIpv6 = ipaddr.parseCIDR('3fff::/20');
/** The well-known prefix of NAT64 (RFC 6052): a DNS64 resolver puts public IPv4 addresses behind it. */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96');

/**
 * Addresses that look public and lead into the network of a cloud. The other clouds' metadata services have
 * link-local, shared, reserved or unique local addresses, which are not public anyway.
 */
const platformIpv4 = [
  '168.63.129.16/32', // Azure: wire server, DNS, health probes.
  '161.26.0.0/16', // IBM Cloud: service network.
  '166.8.0.0/14', // IBM Cloud: service endpoints.
].map((range) => ipaddr.IPv4.parseCIDR(range));

function isPublicIpv4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && !platformIpv4.some((range) => address.match(range));
}

/** ISATAP (RFC 5214): an interface identifier that tunnels to the IPv4 address within it. */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return (parts[4] === 0 || parts[4] === 0x200) && parts[5] === 0x5efe;
}

/**
 * Tells whether an address is public unicast. An address behind the well-known NAT64 prefix is as public as the
 * IPv4 address within it; the other forms of IPv4 within IPv6 (mapped, compatible, translated, 6to4, Teredo,
 * ISATAP, the local-use NAT64 prefix) never are.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return isPublicIpv4(address);
  const ipv6 = address;
  if (ipv6.match(nat64)) return isPublicIpv4(new ipaddr.IPv4(ipv6.toByteArray().slice(12)));
  return (
    ipv6.range() === 'unicast' &&
    ipv6.match(assignedIpv6) &&
    !ipv6.match(documentationIpv6) &&
    !isIsatap(ipv6)
  );
}
