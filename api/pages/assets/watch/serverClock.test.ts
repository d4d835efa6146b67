import { expect, test } from 'vitest';
import { ServerClock } from './serverClock.js';

test('the answer with the shortest way sets the clock', () => {
  const clock = new ServerClock();
  expect(clock.offsetMs).toBeUndefined();
  clock.note({ sentAt: 0, receivedAt: 2_000, serverTime: 61_900 });
  clock.note({ sentAt: 10_000, receivedAt: 10_100, serverTime: 70_050 });
  clock.note({ sentAt: 20_000, receivedAt: 21_000, serverTime: 80_000 });
  expect(clock.offsetMs).toBe(60_000);
});

test('an old answer is forgotten, so a clock that was set is noticed', () => {
  const clock = new ServerClock();
  clock.note({ sentAt: 0, receivedAt: 0, serverTime: 5_000 });
  for (let i = 1; i <= 8; i += 1) clock.note({ sentAt: i, receivedAt: i + 10, serverTime: i + 5 });
  expect(clock.offsetMs).toBe(0);
});

test('the latency is known with a clock and a date, and only where it can be right', () => {
  const clock = new ServerClock();
  expect(clock.latencyOf(0, 6_000)).toBeUndefined();
  clock.note({ sentAt: 0, receivedAt: 0, serverTime: 1_000 });
  expect(clock.latencyOf(0, 5_000)).toBe(6);
  expect(clock.latencyOf(undefined, 5_000)).toBeUndefined();
  expect(clock.latencyOf(Number.NaN, 5_000)).toBeUndefined();
  // A date of the future, and one of last week: the encoder's or the worker's clock is wrong.
  expect(clock.latencyOf(7_000, 5_000)).toBeUndefined();
  expect(clock.latencyOf(-604_800_000, 5_000)).toBeUndefined();
});
