import { afterEach, expect, test, vi } from 'vitest';
import { alignedInterval } from './alignedInterval.ts';

afterEach(() => vi.useRealTimers());

test('intervals that began apart call in the same millisecond, once a period', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const calls: Record<string, number[]> = { first: [], second: [] };
  const note = (name: string) => () => calls[name]?.push(Math.round(performance.now()));
  const stops = [alignedInterval(1_000, note('first'))];
  vi.advanceTimersByTime(370);
  stops.push(alignedInterval(1_000, note('second')));
  vi.advanceTimersByTime(3_000);
  for (const stop of stops) stop();
  vi.advanceTimersByTime(3_000);
  expect(calls.first).toHaveLength(3);
  expect(calls.second).toEqual(calls.first);
});

test('a callback may end its own interval', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const callBack = vi.fn(() => stop());
  const stop = alignedInterval(1_000, callBack);
  vi.advanceTimersByTime(5_000);
  expect(callBack).toHaveBeenCalledOnce();
});
