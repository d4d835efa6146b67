import { writeFileSync } from 'node:fs';
import { errorsPage } from './errorsPage.ts';

writeFileSync(new URL('../../docs/errors.md', import.meta.url), errorsPage());
