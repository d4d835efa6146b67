import { vi } from 'vitest';

/** vi.waitFor and vi.waitUntil give up after a second by default. On a busy machine real parts take longer than that. */
const PATIENCE_MS = 20_000;

// A set-up file of vitest.config.ts: it runs before each test file. expect.poll has a setting there.
const { waitFor, waitUntil } = vi;
const patient = <Options>(options: number | Options | undefined) =>
  typeof options === 'number' ? { timeout: options } : { timeout: PATIENCE_MS, ...options };
vi.waitFor = (callback, options) => waitFor(callback, patient(options));
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options));
