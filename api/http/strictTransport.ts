import type { RequestHandler } from 'express';

const HEADER = 'Strict-Transport-Security';
const VALUE = 'max-age=15552000';

/**
 * Tells browsers to come by HTTPS alone (RFC 6797), on answers that go out by HTTPS: of this process, or of a trusted proxy. Not under the name
 * localhost, where it would bind every other local server; browsers ignore it for IP addresses, and for certificates that they do not trust.
 * @param publicUrl API_PUBLIC_URL: when that is https every answer has the header
 */
export function strictTransport(publicUrl: string | undefined): RequestHandler {
  const isPublic = publicUrl?.startsWith('https:') === true && new URL(publicUrl).hostname !== 'localhost';
  return (request, response, next) => {
    if (isPublic || (request.secure && request.hostname !== 'localhost')) response.setHeader(HEADER, VALUE);
    next();
  };
}
