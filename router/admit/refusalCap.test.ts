import { expect, test } from 'vitest';
import { RefusalCap } from './refusalCap.ts';

test('an address reaches its bound of a second by itself; the next second is another one', () => {
  const cap = new RefusalCap();
  for (let i = 0; i < 10_000; i += 1) cap.add('192.0.2.1', 5_000 + i / 20);
  expect(cap.isReached('192.0.2.1', 5_500)).toBe(true);
  const others = Array.from({ length: 250 }, (_, i) => `198.51.100.${i}`);
  expect(others.filter(address => cap.isReached(address, 5_500)).length).toBeLessThan(10);
  expect(cap.isReached('192.0.2.1', 6_000)).toBe(false);
});

test('all addresses of an IPv6 network of 64 bits count as one', () => {
  const cap = new RefusalCap();
  for (let i = 0; i < 300; i += 1) cap.add(`2001:db8::${i.toString(16)}`, 1_000);
  expect(cap.isReached('2001:db8::ffff', 1_000)).toBe(true);
});
