import { expect, test } from 'vitest';
import { position, seconds } from './timeText.js';

test.each([
  [0, '0.0 s', '0:00'],
  [1.44, '1.4 s', '0:01'],
  [2.96, '3 s', '0:02'],
  [59.4, '59 s', '0:59'],
  [125, '2 min 05 s', '2:05'],
  [3_723, '1 h 02 min', '1:02:03'],
])('%d', (value, words, clock) => {
  expect(seconds(value)).toBe(words);
  expect(position(value)).toBe(clock);
});
