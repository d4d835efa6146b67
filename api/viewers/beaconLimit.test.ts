import { expect, test } from 'vitest';
import { BeaconLimit } from './beaconLimit.ts';

test('600 a minute of one address; a neighbour and the next minute are free', () => {
  let now = 0;
  const limit = new BeaconLimit(() => now);
  const sent = Array.from({ length: 700 }, () => limit.admits('192.0.2.1'));
  expect(sent.filter(Boolean)).toHaveLength(600);
  expect(limit.admits('192.0.2.2')).toBe(true);
  now = 60_000;
  expect(limit.admits('192.0.2.1')).toBe(true);
});

test('a /64 network counts as one address, and no more than 10,000 are remembered', () => {
  const limit = new BeaconLimit(() => 0);
  const sent = Array.from({ length: 700 }, (_, i) => limit.admits(`2001:db8::${(i + 1).toString(16)}`));
  expect(sent.filter(Boolean)).toHaveLength(600);
  for (let i = 0; i < 12_000; i += 1) limit.admits(`2001:db8:${i.toString(16)}::1`);
  expect(limit.size).toBe(10_000);
});
