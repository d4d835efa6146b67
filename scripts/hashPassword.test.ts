import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { verifyPassword } from '../common/passwordHash.ts';

const script = fileURLToPath(new URL('hashPassword.ts', import.meta.url));
const run = (input: string) => execa(process.execPath, [script], { input, reject: false });

test('prints the hash of the first line, and nothing else', async () => {
  const { stdout, stderr, exitCode } = await run('correct horse\nbattery\n');
  expect([stderr, exitCode]).toEqual(['', 0]);
  expect(await verifyPassword('correct horse', stdout)).toBe(true);
});

test.each(['', 'short\n'])('refuses %j', async input => {
  const { stdout, stderr, exitCode } = await run(input);
  expect([stdout, exitCode]).toEqual(['', 1]);
  expect(stderr).toContain('at least 8 characters');
});
