import ipaddr from 'ipaddr.js';

/** The assigned part of global unicast IPv6. Other addresses that ipaddr.js calls unicast are not routed. */
const assignedIpv6 = ipaddr.parseCIDR('2000::/3');
/** Documentation (RFC 9637). The list of ipaddr.js is older. */
const documentationIpv6 = ipaddr.parseCIDR('3fff::/20');
/** The well-known prefix of NAT64 (RFC 6052). DNS64 resolvers map public IPv4 addresses into it. */
const nat64 = ipaddr.parseCIDR('64:ff9b::/96');

/**
 * Addresses that look public but lead into a cloud's internal network. The metadata services of other clouds have
 * link-local, shared, reserved or unique local addresses, which are not public anyway.
 */
const platformIpv4 = [
  '168.63.129.16/32', // Azure: WireServer, DNS, health probes.
  '161.26.0.0/16', // IBM Cloud: IBM services, a reserved range of its VPC API.
  '166.8.0.0/14', // IBM Cloud: Cloud Service Endpoints, a reserved range of its VPC API.
].map((range) => ipaddr.IPv4.parseCIDR(range));

function isPublicIpv4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && !platformIpv4.some((range) => address.match(range));
}

/** ISATAP (RFC 5214): an interface identifier that tunnels to the IPv4 address within it. */
function isIsatap({ parts }: ipaddr.IPv6): boolean {
  return (parts[4] === 0 || parts[4] === 0x200) && parts[5] === 0x5efe;
}

/**
 * Returns whether an address is public unicast. An address with the well-known NAT64 prefix is as public as the IPv4
 * address within it. Other forms of IPv4 within IPv6 (mapped, compatible, translated, 6to4, Teredo, ISATAP, the
 * local-use NAT64 prefix) are never public.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return isPublicIpv4(address);
  if (address.match(nat64)) return isPublicIpv4(new ipaddr.IPv4(address.toByteArray().slice(12)));
  return (
    address.range() === 'unicast' &&
    address.match(assignedIpv6) &&
    !address.match(documentationIpv6) &&
    !isIsatap(address)
  );
}
