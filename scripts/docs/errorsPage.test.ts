import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { errorCatalogue } from '../../common/errorCatalogue.ts';
import { errorsPage } from './errorsPage.ts';

const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');

test('docs/errors.md is what is written from the catalogue (node scripts/docs/writeErrors.ts)', () => {
  expect(page).toBe(errorsPage());
});

test.each(Object.entries(errorCatalogue))('%s has a section, a rule and a next step', (code, { title, next }) => {
  expect(page).toContain(`\n## ${code}\n`);
  expect(title).toMatch(/^[A-Z][^.]+$/);
  expect(next).toMatch(/^[A-Z].*\.$/);
});
