import { describe, expect, test } from 'vitest';
import { MediaClock } from './mediaClock.ts';

const second = 90_000;

describe('MediaClock', () => {
  test.each([
    ['steady', [0, 1, 2, 3], 3],
    ['reordered pictures', [0, 3, 1, 2, 6, 4, 5], 6],
    ['a jump ahead of an hour', [0, 1, 3601, 3602], 2],
    ['a jump back of an hour', [3600, 3601, 1, 2], 2],
    ['a jump back of 6 s', [0, 3, 6, 0, 3, 6], 12],
    ['one broken timestamp', [0, 1, 2400, 2, 3], 2],
    ['the 33 bit wrap', [95_443, 95_443.5, 0.2825], 1],
  ])('%s', (_, times, seconds) => {
    const clock = new MediaClock();
    for (const time of times) clock.push(Math.round(time * second) % 2 ** 33);
    expect(clock.seconds).toBeCloseTo(seconds, 1);
  });
});
