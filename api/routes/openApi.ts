import { type RequestHandler, Router } from 'express';
import { onlyMethods } from '../http/onlyMethods.ts';
import type { Route } from '../http/route.ts';
import { docsPage } from '../openapi/docsPage.ts';
import { errorsHtml } from '../openapi/errorsHtml.ts';
import { openApiDocument } from '../openapi/openApiDocument.ts';

/**
 * `/openapi.json`: the OpenAPI document of these routes; `/docs` and `/docs/errors`: the same to read; `/` leads there. Public, as
 * they are the same for all.
 */
export function openApiRoutes(routes: readonly Route[], version: string): Router {
  const router = Router();
  const serve = (path: string, type: string, make: () => string): void => {
    router.route(path).get(once(type, make)).all(onlyMethods('GET'));
  };
  serve('/openapi.json', 'json', () => JSON.stringify(openApiDocument(routes, version)));
  serve('/docs', 'html', () => docsPage(openApiDocument(routes, version)));
  serve('/docs/errors', 'html', errorsHtml);
  router
    .route('/')
    .get((_request, response) => response.set('Cache-Control', 'no-cache').redirect(302, '/docs'))
    .all(onlyMethods('GET'));
  return router;
}

/** Makes the text at the first request, and keeps it. */
function once(type: string, make: () => string): RequestHandler {
  let text: string | undefined;
  return (_request, response) => {
    text ??= make();
    response.set('Cache-Control', 'no-cache').type(type).send(text);
  };
}
