import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** HTTP Basic authentication (RFC 7617) against one user, compared in constant time. */
export function basicAuth(user: string, password: string): RequestHandler {
  const expected = digest(`${user}:${password}`);
  return (request, response, next) => {
    const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(request.get('authorization') ?? '') ?? [];
    // Digests, so that not even the length of what was expected shows.
    if (!timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString('utf8')), expected)) {
      response.set('WWW-Authenticate', 'Basic realm="Livetran", charset="UTF-8"');
      throw new AppError('unauthorized', 'user or password is wrong; they are ADMIN_USER and ADMIN_PASSWORD');
    }
    // Browsers send the password along on their own: another site's page must not be able to press buttons with it.
    if (request.method !== 'GET' && request.get('sec-fetch-site') === 'cross-site') {
      throw new AppError('unauthorized', 'requests from other sites are refused');
    }
    next();
  };
}
