import { expect, test } from 'vitest';
import { StallMeter } from './stallMeter.js';

test('counts pauses of 250 ms or more, each once, and not those of a seek', () => {
  const meter = new StallMeter();
  meter.waiting(0, { isSeeking: false });
  meter.over(249);
  meter.waiting(1_000, { isSeeking: false });
  meter.waiting(1_200, { isSeeking: false });
  meter.over(1_250);
  meter.over(9_000);
  meter.waiting(10_000, { isSeeking: true });
  meter.over(12_000);
  expect(meter.count).toBe(1);
});
