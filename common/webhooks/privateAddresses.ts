import { BlockList, isIPv4 } from 'node:net';

const blocked: readonly [string, number, 'ipv4' | 'ipv6'][] = [
  ['0.0.0.0', 8, 'ipv4'],
  ['10.0.0.0', 8, 'ipv4'],
  ['100.64.0.0', 10, 'ipv4'],
  ['127.0.0.0', 8, 'ipv4'],
  ['169.254.0.0', 16, 'ipv4'],
  ['172.16.0.0', 12, 'ipv4'],
  ['192.0.0.0', 24, 'ipv4'],
  ['192.168.0.0', 16, 'ipv4'],
  ['198.18.0.0', 15, 'ipv4'],
  ['224.0.0.0', 3, 'ipv4'],
  ['::', 127, 'ipv6'],
  ['64:ff9b::', 96, 'ipv6'],
  ['fc00::', 7, 'ipv6'],
  ['fe80::', 10, 'ipv6'],
  ['ff00::', 8, 'ipv6'],
];

/** Addresses that a webhook may not reach: this host, its networks and cloud metadata (IANA special-purpose registries). */
export function privateAddresses(): { has(address: string): boolean } {
  const list = new BlockList();
  for (const [network, prefix, family] of blocked) list.addSubnet(network, prefix, family);
  return {
    has: address => {
      const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
      return list.check(mapped, isIPv4(mapped) ? 'ipv4' : 'ipv6');
    },
  };
}
