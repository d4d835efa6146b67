import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** IANA's special-purpose registries, and the IPv6 prefixes that carry an IPv4 address, which may be a private one. */
const blocked: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'], // link local, cloud metadata
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 96, 'ipv6'], // unspecified, loopback, IPv4-compatible (RFC 4291)
  ['::ffff:0:0:0', 96, 'ipv6'], // IPv4-translated (RFC 2765)
  ['64:ff9b::', 96, 'ipv6'], // NAT64 (RFC 6052)
  ['64:ff9b:1::', 48, 'ipv6'], // NAT64, local use (RFC 8215)
  ['2001::', 32, 'ipv6'], // Teredo (RFC 4380)
  ['2002::', 16, 'ipv6'], // 6to4 (RFC 3056)
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['fec0::', 10, 'ipv6'], // site local (RFC 3879)
  ['ff00::', 8, 'ipv6'],
];

/**
 * Addresses that a webhook may not reach: this host, its networks and cloud metadata. The host's own addresses, public
 * ones included, are read at each call, since interfaces come and go.
 */
export function privateAddresses(own: readonly string[] = ownAddresses()): {
  /** @param address an IP address; true for what is none */ has(address: string): boolean;
} {
  const list = new BlockList();
  for (const [network, prefix, family] of blocked) list.addSubnet(network, prefix, family);
  for (const address of own) list.addAddress(address, familyOf(address));
  return {
    // BlockList checks an IPv4-mapped IPv6 address (::ffff:0:0/96) by the rules for IPv4, in every spelling.
    has: address => isIP(address) === 0 || list.check(withoutZone(address), familyOf(address)),
  };
}

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 4 ? 'ipv4' : 'ipv6');

const withoutZone = (address: string): string => address.replace(/%.*$/, '');

const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => withoutZone(address)));
