import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { streamReasons } from './streamReasons.ts';

test('docs/events.md lists every reason with its meaning, and no other', async () => {
  const page = await readFile(new URL('../../docs/events.md', import.meta.url), 'utf8');
  const section = page.split('## Reasons')[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| `(\w+)` \| (.+) \|$/gm)].map(([, reason, meaning]) => [reason, meaning]);
  expect(rows).toEqual(Object.entries(streamReasons));
});
