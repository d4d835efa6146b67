import { expect, test } from 'vitest';
import { audienceOf } from './audience.ts';

test('what happened in the last 60 s: this minute, and the part of the one before that is still in it', () => {
  const minutes = [
    ['stalls', '4', 'errors', '1'],
    ['stalls', '8', 'errors', '2'],
    ['stalls', '100'],
  ];
  expect(audienceOf(3.2, minutes, 15)).toMatchObject({ viewers: 3, stallsPerMinute: 10, errorsPerMinute: 3 });
  expect(audienceOf(0, minutes, 0)).toMatchObject({ viewers: 0, stallsPerMinute: 12 });
});

test('join times of all minutes count', () => {
  const { joinMsP50, joins } = audienceOf(1, [[], ['join:5', '1'], ['join:5', '2', 'join:12', '1']], 30);
  expect(joins).toEqual(
    new Map([
      [5, 3],
      [12, 1],
    ]),
  );
  expect(joinMsP50).toBeGreaterThan(500);
  expect(joinMsP50).toBeLessThanOrEqual(750);
});

test('what another version wrote, or nobody, is passed over', () => {
  const nothing = { viewers: 0, stallsPerMinute: 0, errorsPerMinute: 0, joinMsP50: undefined };
  expect(audienceOf(0, [], 30)).toMatchObject(nothing);
  expect(audienceOf(0, [['stalls', 'many', 'other', '3', 'join:x', '2']], 30)).toMatchObject(nothing);
});
