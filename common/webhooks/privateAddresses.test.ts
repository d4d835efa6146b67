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
  ['::ffff:127.0.0.1', true], // IPv4 in IPv6's clothes
  ['fd00::1', true],
  ['fe80::1', true],
  ['1.1.1.1', false],
  ['2606:4700::1111', false],
])('%s is private: %s', (address, expected) => {
  expect(privateAddresses().has(address)).toBe(expected);
});
