import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { healthFaults, healthProblems } from './healthProblems.ts';

test('docs/events.md lists every problem with its faults and its meaning, and no other', async () => {
  const page = await readFile(new URL('../../docs/events.md', import.meta.url), 'utf8');
  const section = page.split('## Health')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([\w, ]+) \| (.+) \|$/gm)];
  expect(rows.map(([, code, , meaning]) => [code, meaning])).toEqual(Object.entries(healthProblems));
  const faults = rows.flatMap(([, , text = '']) => text.split(', '));
  expect(new Set(faults)).toEqual(new Set(healthFaults));
});
