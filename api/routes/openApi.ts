import { Router } from 'express';
import { onlyMethods } from '../http/onlyMethods.ts';
import type { Route } from '../http/route.ts';
import { openApiDocument } from '../openapi/openApiDocument.ts';

/** `/openapi.json`: the OpenAPI document of these routes. Public, as it is the same for everybody. */
export function openApiRoutes(routes: readonly Route[], version: string): Router {
  let text: string | undefined;
  const router = Router();
  router
    .route('/openapi.json')
    .get((_request, response) => {
      text ??= JSON.stringify(openApiDocument(routes, version));
      response.set('Cache-Control', 'no-cache').type('json').send(text);
    })
    .all(onlyMethods('GET'));
  return router;
}
