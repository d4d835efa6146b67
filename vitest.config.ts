import { defineConfig } from 'vitest/config';

/** LIVETRAN_LONG=1: faults last as long as in a bad night, and what needs root is tried too. */
const isLong = process.env.LIVETRAN_LONG === '1';

/** Waits end when their condition holds, so patience costs nothing; what a busy machine needs is more than the defaults. */
const patience = {
  setupFiles: ['common/testing/patientWaits.ts'],
  expect: { poll: { timeout: 20_000 } },
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
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['scripts/e2e/**/*.test.ts'],
          exclude: isLong ? [] : ['**/*.long.test.ts'],
          ...patience,
          // Real FFmpeg and real clocks on two cores: one file at a time, after the unit tests, or encoders starve.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
