import { writeFileSync } from 'node:fs';
import { clientOpenApi } from './clientOpenApi.ts';

// npm run generate:client

writeFileSync(new URL('../../client/openapi.ts', import.meta.url), clientOpenApi());
