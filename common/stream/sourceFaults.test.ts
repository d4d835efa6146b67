import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { sourceFaults } from './sourceFaults.ts';

test('docs/profiles.md lists every fault with its meaning, and no other', async () => {
  const page = await readFile(new URL('../../docs/profiles.md', import.meta.url), 'utf8');
  const section = page.split('## What falls back')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, fault, meaning]) => [fault, meaning]);
  expect(rows).toEqual(Object.entries(sourceFaults));
});
