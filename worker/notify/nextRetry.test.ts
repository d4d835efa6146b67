import { expect, test } from 'vitest';
import { nextRetry } from './nextRetry.ts';
import { webhookLimits as limits } from './webhookLimits.ts';

const DAY = 86_400_000;

test('pauses grow from a second to a quarter of an hour, and are half to all of that', () => {
  const pauses = (random: () => number) =>
    [1, 2, 3, 10, 11, 500].map(attempts => nextRetry({ attempts, ageMs: 0 }, limits, random));
  expect(pauses(() => 1)).toEqual([1_000, 2_000, 4_000, 512_000, 900_000, 900_000]);
  expect(pauses(() => 0)).toEqual([500, 1_000, 2_000, 256_000, 450_000, 450_000]);
});

test('about a hundred attempts in 24 h, then it is given up', () => {
  let [ageMs, attempts] = [0, 0];
  for (;;) {
    attempts += 1;
    const pause = nextRetry({ attempts, ageMs }, limits, () => 1);
    if (pause === undefined) break;
    ageMs += pause;
  }
  expect(ageMs).toBeGreaterThan(DAY - limits.longestRetryMs);
  expect(ageMs).toBeLessThanOrEqual(DAY);
  expect(attempts).toBeGreaterThan(90);
  expect(attempts).toBeLessThan(120);
});

test('Retry-After makes a pause longer, never shorter, and by an hour at most', () => {
  const pause = (retryAfterMs: number, attempts = 1) =>
    nextRetry({ attempts, retryAfterMs, ageMs: 0 }, limits, () => 1);
  expect(pause(30_000)).toBe(30_000);
  expect(pause(30_000, 20)).toBe(limits.longestRetryMs);
  expect(pause(DAY)).toBe(limits.retryAfterMs);
});
