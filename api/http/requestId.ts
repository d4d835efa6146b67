import { randomUUID } from 'node:crypto';
import type { RequestHandler, Response } from 'express';

const HEADER = 'X-Request-Id';
/** Such an id of a proxy's is kept; anything else is replaced: it goes into logs and headers. */
const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/;

/** Gives each request an id, the caller's own where it is well formed: in the header, in problem documents and in the log. */
export const setRequestId: RequestHandler = (request, response, next) => {
  const given = request.get(HEADER) ?? '';
  response.setHeader(HEADER, WELL_FORMED.test(given) ? given : newRequestId());
  next();
};

/** Node draws the random bits of 128 UUIDs at a time. */
export const newRequestId = (): string => `req_${randomUUID().replaceAll('-', '')}`;

export const requestIdOf = (response: Response): string => String(response.getHeader(HEADER) ?? '');
