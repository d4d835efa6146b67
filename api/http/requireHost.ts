import type { RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';

/** Refuses an HTTP/1.1 request without the header Host (RFC 9112, 3.2). */
export const requireHost: RequestHandler = (request, _response, next) => {
  if (request.headers.host === undefined && request.httpVersion !== '1.0') {
    throw new AppError('request_malformed', 'header Host is missing');
  }
  next();
};
