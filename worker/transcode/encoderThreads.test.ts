import { expect, test } from 'vitest';
import { encoderThreads } from './encoderThreads.ts';

test.each([
  [0, 1, 1],
  [0, 2, 2],
  [0, 64, 4],
  [6, 2, 6],
])('ENCODER_THREADS=%i on %i cores: %i', (setting, cores, threads) => {
  expect(encoderThreads(setting, cores)).toBe(threads);
});
