import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';
import type { PasswordGuard } from './passwordGuard.ts';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * HTTP Basic authentication (RFC 7617) against one user, compared in constant time. After too many wrong passwords an
 * address gets 429, whatever it sends.
 */
export function basicAuth(user: string, password: string, guard: PasswordGuard): RequestHandler {
  const expected = digest(`${user}:${password}`);
  return (request, response, next) => {
    const given = request.get('authorization');
    const address = request.socket.remoteAddress ?? '';
    const locked = given === undefined ? 0 : guard.lockedFor(address);
    if (locked > 0) {
      guard.failed(address);
      response.set('Retry-After', `${locked}`);
      throw new AppError('rate_limited', `too many wrong passwords from this address; try again in ${locked} s`);
    }
    const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+=*) *$/i.exec(given ?? '') ?? [];
    // Digests, so that not even the length of what was expected shows.
    if (!timingSafeEqual(digest(Buffer.from(encoded, 'base64').toString('utf8')), expected)) {
      // A browser's first request has no password yet.
      if (given !== undefined) guard.failed(address);
      response.set('WWW-Authenticate', 'Basic realm="Livetran", charset="UTF-8"');
      throw new AppError('unauthorized', 'user or password is wrong; they are ADMIN_USER and ADMIN_PASSWORD');
    }
    next();
  };
}
