import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { allFaults } from './allFaults.ts';

test('docs/operations.md says of each fault where the control room shows it', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/operations.md', import.meta.url)), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$/gm)];
  const listed = rows.filter(([, name]) => allFaults.some(fault => fault.name === name));
  expect(listed.map(([, name, what, shows]) => ({ name, what, shows }))).toEqual(
    allFaults.map(({ name, what, shows }) => ({ name, what, shows })),
  );
  expect(new Set(allFaults.map(({ name }) => name)).size).toBe(allFaults.length);
});
