import { expect, test } from 'vitest';
import { adminUsers } from './adminUsers.ts';

const hash = '$scrypt$ln=15,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$c2FsdHNhbHRzYWx0c2FsdA';

test('one user on each line; empty lines and remarks are left out', () => {
  expect(adminUsers.parse(`# night\n\n anna:viewer:${hash}\r\nben@home:operator:${hash}\n`)).toEqual([
    { name: 'anna', role: 'viewer', hash },
    { name: 'ben@home', role: 'operator', hash },
  ]);
  expect(adminUsers.parse('# nobody')).toEqual([]);
});

test.each([
  ['a password in place of a hash', 'anna:viewer:secret', 'npm run --silent hash-password'],
  ['a role that does not exist', `anna:root:${hash}`, '<viewer|operator>'],
  ['no role', `anna:${hash}`, '<viewer|operator>'],
  ['no name', `:viewer:${hash}`, '<name>'],
  ['a fourth field', `anna:viewer:${hash}:x`, 'each line'],
  ['two lines for one user', `anna:viewer:${hash}\nanna:operator:${hash}`, 'two lines name the user anna'],
])('%s is refused with the rule, without the value', (_name, text, words) => {
  const [problem] = adminUsers.safeParse(text).error?.issues ?? [];
  expect(problem?.message).toContain(words);
  expect(problem?.message).not.toContain('secret');
});
