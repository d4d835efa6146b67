import { describe, expect, test } from 'vitest';
import { decodeAddress, encodeAddress } from './socketAddress.ts';

describe('encodeAddress and decodeAddress', () => {
  test.each([
    { ip: '127.0.0.1', port: 20_000, shown: '127.0.0.1:20000' },
    { ip: '255.0.1.254', port: 1, shown: '255.0.1.254:1' },
    { ip: '::', port: 65_535, shown: '[::]:65535' },
    { ip: '::1', port: 80, shown: '[::1]:80' },
    { ip: '2001:db8::a:0:b', port: 9_000, shown: '[2001:db8::a:0:b]:9000' },
    { ip: '1:2:3:4:5:6:7:8', port: 9_000, shown: '[1:2:3:4:5:6:7:8]:9000' },
    { ip: 'fe80::', port: 9_000, shown: '[fe80::]:9000' },
    { ip: '::ffff:10.1.2.3', port: 9_000, shown: '10.1.2.3:9000' },
  ])('$ip port $port is shown as $shown', ({ ip, port, shown }) => {
    expect(decodeAddress(encodeAddress(ip, port))).toBe(shown);
  });

  test('an IPv4 address has the layout of sockaddr_in', () => {
    expect(encodeAddress('127.0.0.1', 0x1234).subarray(2, 8)).toEqual(Buffer.from([0x12, 0x34, 127, 0, 0, 1]));
    expect(encodeAddress('127.0.0.1', 1)).toHaveLength(16);
  });

  test('a host name is refused', () => {
    expect(() => encodeAddress('localhost', 1)).toThrow('not an IP address');
  });

  test('an address of another family does not throw', () => {
    expect(decodeAddress(new Uint8Array(28))).toBe('unknown');
  });
});
