import { afterAll, expect } from 'vitest';
import { loggedSecrets } from './loggedSecrets.ts';

// A set-up file of vitest.config.ts: after each end-to-end file, no process of it has logged a secret in use.
afterAll(() => {
  expect(loggedSecrets()).toEqual([]);
});
