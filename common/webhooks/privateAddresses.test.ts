import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { privateAddresses } from './privateAddresses.ts';

test.each([
  ['127.0.0.1', true],
  ['10.1.2.3', true],
  ['172.31.255.255', true],
  ['172.32.0.1', false],
  ['192.168.1.1', true],
  ['169.254.169.254', true], // cloud metadata
  ['0.0.0.0', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true], // IPv4-mapped
  ['::ffff:7f00:1', true],
  ['0:0:0:0:0:ffff:a01:203', true],
  ['::ffff:1.1.1.1', false],
  ['::127.0.0.1', true], // IPv4-compatible
  ['::a01:203', true],
  ['::ffff:0:127.0.0.1', true], // IPv4-translated
  ['64:ff9b::7f00:1', true], // NAT64
  ['64:ff9b:1::7f00:1', true],
  ['64:ff9b:2::7f00:1', false],
  ['2002:7f00:1::', true], // 6to4
  ['2001:0:7f00:1::', true], // Teredo
  ['2001:4860:4860::8888', false],
  ['fec0::1', true],
  ['fd00::1', true],
  ['fe80::1', true],
  ['fe80::1%eth0', true],
  ['1.1.1.1', false],
  ['2606:4700::1111', false],
  ['no address', true],
])('%s is private: %s', (address, expected) => {
  expect(privateAddresses().has(address)).toBe(expected);
});

test("the host's own addresses are private, public ones too", () => {
  const own = privateAddresses(['203.0.113.7', '2606:4700::7']);
  expect(own.has('203.0.113.7')).toBe(true);
  expect(own.has('::ffff:203.0.113.7')).toBe(true);
  expect(own.has('2606:4700::7')).toBe(true);
  expect(own.has('203.0.113.8')).toBe(false);
});

test('every address of an interface of this host is private', () => {
  const addresses = Object.values(networkInterfaces()).flatMap(list => (list ?? []).map(({ address }) => address));
  expect(addresses.length).toBeGreaterThan(0);
  expect(addresses.filter(address => !privateAddresses().has(address))).toEqual([]);
});
