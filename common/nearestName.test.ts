import { expect, test } from 'vitest';
import { nearestName } from './nearestName.ts';

const known = ['webhook_urls', 'profile', 'record', 'title'];

test.each([
  ['webhook_url', 'webhook_urls'],
  ['recrod', 'record'],
  ['profile', 'profile'],
  ['tilte', 'title'],
  ['latitude', undefined],
  ['', undefined],
  ['x'.repeat(100_000), undefined],
])('%.20s → %s', (name, expected) => {
  expect(nearestName(name, known)).toBe(expected);
});

test('the nearest of several, not the first', () => {
  expect(nearestName('limits', ['limiter', 'limit'])).toBe('limit');
});
