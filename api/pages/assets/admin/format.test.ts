import { expect, test } from 'vitest';
import { age, bitRate, duration } from './format.js';

test.each([
  [42.9, '42 s', '42 s'],
  [185, '3 min 05 s', '3 min'],
  [7_800, '2 h 10 min', '2 h 10 min'],
  [356_400, '4 d 3 h', '4 d 3 h'],
])('%d s', (seconds, long, short) => {
  expect(duration(seconds)).toBe(long);
  expect(age(seconds)).toBe(short);
});

test('from a thousand on a rate is in Mbit/s', () => {
  expect([999, 1_000].map(bitRate)).toEqual(['999 kbit/s', '1.0 Mbit/s']);
});
