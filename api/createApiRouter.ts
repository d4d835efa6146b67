import { type RequestHandler, Router } from 'express';
import type { Redis } from 'ioredis';
import type { Logger } from '../common/createLogger.ts';
import type { ApiServices } from './apiServices.ts';
import type { Authenticator } from './auth/authenticator.ts';
import type { Permission } from './auth/permission.ts';
import { apiHeaders } from './http/apiHeaders.ts';
import { mountRoutes } from './http/mountRoutes.ts';
import { limitBody, readBody } from './http/readBody.ts';
import { RepeatedRequests } from './http/repeatedRequests.ts';
import { apiRoutes } from './routes/apiRoutes.ts';
import { livetranRoutes } from './routes/livetran.ts';

/**
 * Everything under /v1 and /api, in the order in which it is asked. Other requests pass by in one step, and those of the API meet no handler of a
 * page.
 */
export function createApiRouter(options: {
  services: ApiServices;
  authenticator: Authenticator;
  /** What lets a request pass that may use routes of this permission. */
  authorize: (permission: Permission) => RequestHandler;
  redis: Redis;
  /** Whether Livetran's three calls are there (LEGACY_API). */
  legacy: boolean;
  log: Logger;
}): RequestHandler {
  const { services, authenticator, authorize, redis, log } = options;
  const router = Router();
  router.use(apiHeaders, authenticator.limitAddress, limitBody, readBody);
  const checks = { body: authenticator.byBody, request: authenticator.permit('streams:read') };
  if (options.legacy) router.use(livetranRoutes(services.streams, checks));
  router.use(mountRoutes(apiRoutes, { services, authorize, repeated: new RepeatedRequests(redis), log }));
  return (request, response, next) => (isApi(request.url) ? router(request, response, next) : next());
}

const isApi = (url: string): boolean => /^\/(v1|api)(?![^/?])/i.test(url);
