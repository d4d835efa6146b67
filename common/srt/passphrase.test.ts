import { expect, test } from 'vitest';
import { passphrase } from './passphrase.ts';

test.each([
  ['ten bytes', 'a'.repeat(10), true],
  ['79 bytes', 'a'.repeat(79), true],
  ['spaces and signs', 'a long & odd % one', true],
  ['nine bytes', 'a'.repeat(9), false],
  ['80 bytes', 'a'.repeat(80), false],
  ['80 bytes in 40 letters', 'é'.repeat(40), false],
  ['five letters of two bytes', 'é'.repeat(5), true],
  ['a line end', 'a long one\n', false],
  ['a NUL', 'a long one\0more', false],
])('%s', (_name, text, good) => {
  expect(passphrase.safeParse(text).success).toBe(good);
});

test('the error does not show it', () => {
  expect(passphrase.safeParse('short').error?.message).not.toContain('"short"');
});
