import { afterEach, expect, test, vi } from 'vitest';
import { onEndSignals } from './onEndSignals.ts';

// SIGUSR2 stands for SIGINT, which the test runner handles as well. scripts/e2e/ctrlC.test.ts sends real signals.
const SIGNAL = 'SIGUSR2';
let remove: (() => void) | undefined;

afterEach(() => {
  vi.restoreAllMocks();
  remove?.();
});

test('signals within a second are one request, a later one is the next', () => {
  const clock = vi.spyOn(performance, 'now');
  const requests: [number, string][] = [];
  remove = onEndSignals((...request) => requests.push(request), [SIGNAL]);
  for (const now of [50, 51, 1_049, 1_050, 1_900, 2_050]) {
    clock.mockReturnValue(now);
    process.emit(SIGNAL, SIGNAL);
  }
  expect(requests).toEqual([
    [1, SIGNAL],
    [2, SIGNAL],
    [3, SIGNAL],
  ]);
});

test('the handlers can be removed', () => {
  const before = process.listenerCount(SIGNAL);
  const removeNow = onEndSignals(() => undefined, [SIGNAL]);
  expect(process.listenerCount(SIGNAL)).toBe(before + 1);
  removeNow();
  expect(process.listenerCount(SIGNAL)).toBe(before);
});
