import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { openApiDocument } from '../../api/openapi/openApiDocument.ts';
import { apiRoutes } from '../../api/routes/apiRoutes.ts';
import { type OpenApi, openApiTypes } from './openApiTypes.ts';

const biome = fileURLToPath(new URL('../../node_modules/.bin/biome', import.meta.url));

/** What client/openapi.ts must hold: the types of the API as its routes are now, formatted. */
export function clientOpenApi(): string {
  const text = openApiTypes(JSON.parse(JSON.stringify(openApiDocument(apiRoutes, ''))) as OpenApi);
  return execFileSync(biome, ['format', '--stdin-file-path=client/openapi.ts'], { input: text, encoding: 'utf8' });
}
