import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadLibsrt } from './libsrt.ts';

test('finds the library of this machine by itself', () => {
  expect(loadLibsrt().srt_getversion()).toBeGreaterThanOrEqual(0x010500);
});

test.each([
  ['a path that does not exist', '/nowhere/libsrt.so'],
  ['a file that is no library', fileURLToPath(import.meta.url)],
])('%s is dependency_missing, and says what was tried and what to install', (_name, path) => {
  const error = expect.objectContaining({
    code: 'dependency_missing',
    message: expect.stringMatching(new RegExp(`${RegExp.escape(path)}.*libsrt1\\.5-gnutls.*Homebrew: srt`)),
  });
  expect(() => loadLibsrt(path)).toThrow(error);
});

test('a library without the functions of libsrt is dependency_missing', () => {
  expect(() => loadLibsrt(process.platform === 'darwin' ? 'libSystem.dylib' : 'libc.so.6')).toThrow(
    expect.objectContaining({ code: 'dependency_missing' }),
  );
});
