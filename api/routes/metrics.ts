import { createHash, timingSafeEqual } from 'node:crypto';
import { type RequestHandler, Router } from 'express';
import { AppError } from '../../common/errors.ts';
import { onlyMethods } from '../http/onlyMethods.ts';

/** `/metrics`, Prometheus text. @param options.token asked for as `Authorization: Bearer <token>` (RFC 6750) */
export function metricsRoutes(options: { text: () => Promise<string>; token?: string | undefined }): Router {
  const router = Router();
  const allowed: RequestHandler =
    options.token === undefined ? (_request, _response, next) => next() : bearer(options.token);
  router
    .route('/metrics')
    .get(allowed, async (_request, response) => {
      response
        .set('Cache-Control', 'no-store')
        .type('text/plain; version=0.0.4')
        .send(await options.text());
    })
    .all(onlyMethods('GET'));
  return router;
}

function bearer(token: string): RequestHandler {
  const expected = digest(token);
  return (request, response, next) => {
    const [, given = ''] = /^Bearer +(\S+) *$/i.exec(request.get('authorization') ?? '') ?? [];
    if (timingSafeEqual(digest(given), expected)) return next();
    response.set('WWW-Authenticate', 'Bearer realm="Livetran metrics"');
    throw new AppError('unauthorized', 'send Authorization: Bearer and the token; it is METRICS_TOKEN');
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
