import type { RequestHandler } from 'express';

/**
 * The headers of the API's answers: JSON for programs, from pages of any origin, as in Livetran. Calls are signed; a
 * session's cookie is SameSite=Strict and never comes with a request of another origin. Fixed values, since this runs for each request. CORS preflights: https://fetch.spec.whatwg.org/#http-cors-protocol.
 */
const headers: readonly (readonly [string, string])[] = [
  ['Cache-Control', 'no-store'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['X-Content-Type-Options', 'nosniff'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'cross-origin'],
  ['Access-Control-Allow-Origin', '*'],
  ['Access-Control-Expose-Headers', 'Location,Retry-After,X-Request-Id,RateLimit,RateLimit-Policy'],
];

const METHODS = 'GET,POST,PUT,PATCH,DELETE';
const PREFLIGHT_SECONDS = 86_400;

export const apiHeaders: RequestHandler = (request, response, next) => {
  for (const [name, value] of headers) response.setHeader(name, value);
  if (request.method !== 'OPTIONS') return next();
  const wanted = request.get('access-control-request-headers');
  response.setHeader('Access-Control-Allow-Methods', METHODS);
  response.setHeader('Access-Control-Max-Age', `${PREFLIGHT_SECONDS}`);
  response.setHeader('Vary', 'Access-Control-Request-Headers');
  if (wanted !== undefined) response.setHeader('Access-Control-Allow-Headers', wanted);
  response.status(204).end();
};
