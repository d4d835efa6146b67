import { expect, test } from 'vitest';
import { speedometer } from './speedometer.ts';

test('shows the speed of the last 10 s, not the mean since the start', () => {
  const speed = speedometer();
  for (let now = 0; now <= 60_000; now += 1_000) speed(now, now / 1_000);
  const half = (now: number) => speed(now, 60 + (now - 60_000) / 2_000);
  for (let now = 61_000; now <= 70_000; now += 1_000) half(now);
  expect(half(71_000)).toBeCloseTo(0.5, 1);
});
