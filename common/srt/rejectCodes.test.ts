import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rejectCodes } from './rejectCodes.ts';

test('docs/ingestion.md has the table', () => {
  const docs = readFileSync(new URL('../../docs/ingestion.md', import.meta.url), 'utf8');
  const rows = docs.split('\n').filter(line => /^\| \d+ \|/.test(line));
  expect(rows).toEqual(
    Object.entries(rejectCodes).map(([code, { why, advice }]) => `| ${code} | ${why} | ${advice} |`),
  );
});
