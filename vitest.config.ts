import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** LIVETRAN_LONG=1: faults last as long as in a bad night, and what needs root is tried too. */
const long = process.env.LIVETRAN_LONG === '1' ? [] : ['**/*.long.test.ts'];

/** Waits end when their condition holds, so patience costs nothing; what a busy machine needs is more than the defaults. */
const patience = {
  setupFiles: ['common/testing/patientWaits.ts'],
  expect: { poll: { timeout: 20_000 } },
};

/** Real FFmpeg and real clocks on two cores: after the unit tests, or encoders starve. */
const endToEnd = {
  ...patience,
  setupFiles: [...patience.setupFiles, 'scripts/e2e/harness/checkLoggedSecrets.ts'],
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

export default defineConfig({
  test: {
    reporters: ['default', './scripts/e2e/countReporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{common,api,worker,router,client,scripts}/**/*.test.ts'],
          exclude: ['scripts/e2e/**'],
          ...patience,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Two cores are half idle with a file on each: real Redis, FFmpeg and libsrt are waited for.
          maxWorkers: Math.max(3, availableParallelism()),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['scripts/e2e/**/*.test.ts'],
          exclude: ['**/*.alone.test.ts', ...long],
          ...endToEnd,
          // Most of the time of these files is waiting (leases, lost encoders), so two of them run side by side.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e-alone',
          include: ['scripts/e2e/**/*.alone.test.ts'],
          ...endToEnd,
          // What measures time, smooth playing or a flood needs the machine to itself: one file at a time.
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
