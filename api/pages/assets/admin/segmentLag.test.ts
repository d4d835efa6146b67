import { expect, test } from 'vitest';
import { segmentLags } from './segmentLag.js';

const at = (seconds: number): string => new Date(seconds * 1_000).toISOString();

test('each segment has the lag of the sample of the second in which it was listed', () => {
  const samples = [
    { time: at(14.5), listing_lag_ms: 400 },
    { time: at(15.5), listing_lag_ms: null },
    { time: at(20.2), listing_lag_ms: 2_100 },
  ];
  const segments = [
    { time: at(10), seconds: 4 },
    { time: at(14), seconds: 4 },
    { time: at(18), seconds: 4 },
    { time: at(14), seconds: 4, isGap: true },
    { seconds: 4 },
  ];
  expect(segmentLags(segments, samples)).toEqual([400, 2_100, undefined, undefined, undefined]);
});

test('without samples nothing is known', () => {
  expect(segmentLags([{ time: at(0), seconds: 4 }], [])).toEqual([undefined]);
});
