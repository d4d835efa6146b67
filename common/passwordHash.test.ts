import { describe, expect, test } from 'vitest';
import { hashPassword, isPasswordHash, verifyPassword } from './passwordHash.ts';

test('a hash verifies its password and no other, and no two hashes are alike', async () => {
  const [one, two] = await Promise.all([hashPassword('tūī:$'), hashPassword('tūī:$')]);
  expect(one).not.toBe(two);
  expect(await verifyPassword('tūī:$', one)).toBe(true);
  expect(await verifyPassword('tūī:', one)).toBe(false);
  expect(await verifyPassword('', one)).toBe(false);
});

const salt = 'c2FsdHNhbHRzYWx0c2FsdA';
describe('isPasswordHash', () => {
  test.each([
    ['our own form', `$scrypt$ln=15,r=8,p=1$${salt}$${salt}`, true],
    ['as others write it', `$scrypt$ln=14,r=8,p=1$${salt}$${salt}`, true],
    ['a plain password', 'password', false],
    ['another function', `$argon2id$ln=15,r=8,p=1$${salt}$${salt}`, false],
    ['too cheap', `$scrypt$ln=4,r=8,p=1$${salt}$${salt}`, false],
    ['more memory than may be', `$scrypt$ln=20,r=8,p=1$${salt}$${salt}`, false],
    ['no salt', `$scrypt$ln=15,r=8,p=1$$${salt}`, false],
  ])('%s: %s is %s', (_name, text, is) => {
    expect(isPasswordHash(text)).toBe(is);
  });

  test('what is none is not verified', async () => {
    await expect(verifyPassword('x', 'x')).rejects.toThrow('PHC');
  });
});
