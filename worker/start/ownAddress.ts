import { networkInterfaces } from 'node:os';

/** The first address of this host that others can reach. */
export function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  return addresses.find(address => !address.internal && address.family === 'IPv4')?.address ?? '127.0.0.1';
}
