import { describe, expect, test } from 'vitest';
import { segmentTiming } from './segmentTiming.ts';

describe('segmentTiming', () => {
  test.each([
    ['the default', 4, 2, { first: 1, gops: 2 }],
    ['a segment is no longer than a GOP', 1, 2, { first: 1, gops: 1 }],
    ['equal', 2, 2, { first: 1, gops: 1 }],
    ['a GOP that does not divide the segment is shortened', 4, 3, { first: 1, gops: 2 }],
    ['a quotient that floating point makes too large', 4.2, 1.4, { first: 1, gops: 3 }],
    ['segments below a second are not shortened', 0.5, 2, { first: 0.5, gops: 1 }],
  ])('%s', (_, segmentSeconds, gopSeconds, expected) => {
    expect(segmentTiming(segmentSeconds, gopSeconds)).toEqual(expected);
  });
});
