import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinTimes } from './joinTimes.ts';

const countsOf = (times: readonly number[]): Map<number, number> => {
  const counts = new Map<number, number>();
  for (const ms of times) counts.set(joinTimes.classOf(ms), (counts.get(joinTimes.classOf(ms)) ?? 0) + 1);
  return counts;
};

test('without a time there is no median', () => {
  expect(joinTimes.median(new Map())).toBeUndefined();
});

test('the median lies in the class of the middle time', () => {
  const time = fc.integer({ min: 0, max: 120_000 });
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 99 }), times => {
      const sorted = times.toSorted((a, b) => a - b);
      const middle = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
      const median = joinTimes.median(countsOf(times)) ?? -1;
      // A class's lower end is the upper end of the one before.
      const classes = [joinTimes.classOf(median), joinTimes.classOf(median + 1)];
      expect(classes).toContain(joinTimes.classOf(middle));
    }),
  );
});

test('two hundred fast joins and a slow one', () => {
  const times = [...Array.from({ length: 200 }, () => 850), 40_000];
  expect(joinTimes.median(countsOf(times))).toBeGreaterThan(750);
  expect(joinTimes.median(countsOf(times))).toBeLessThanOrEqual(1_000);
});
