import { expect, test, vi } from 'vitest';
import { AttemptPlaces } from './attemptPlaces.ts';

const limits = { unproven: 4, repeated: 2, repeatedMs: 200, openMs: 5_000, longestMs: 60_000 };

test('so many attempts at a time, and fewer repeated ones', () => {
  const places = new AttemptPlaces(limits);
  places.take(true);
  places.take(true);
  expect(places.waitMs(true)).toBeGreaterThanOrEqual(limits.openMs);
  expect(places.waitMs(true)).toBeLessThanOrEqual(limits.longestMs);
  expect(places.waitMs(false)).toBe(0);
  places.take(false);
  const end = places.take(false);
  expect(places.waitMs(false)).toBeGreaterThan(0);
  end();
  expect(places.waitMs(false)).toBe(0);
});

test('a repeated attempt that fails at once keeps its place for a while, and leaves the others to first ones', async () => {
  const places = new AttemptPlaces(limits);
  const begun = performance.now();
  for (const end of [places.take(true), places.take(true)]) end();
  expect(places.waitMs(true)).toBeGreaterThan(0);
  for (let i = 0; i < limits.unproven; i += 1) places.take(false);
  // Then it is the first attempts alone that leave no place.
  await vi.waitFor(() => expect(places.waitMs(true)).toBe(places.waitMs(false)), 10_000);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(limits.repeatedMs - 5);
});
