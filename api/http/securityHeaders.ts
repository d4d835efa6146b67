import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/** Pages run no inline script; media may come from this host, the store's public origin, or a MediaSource (blob:). */
const policy = (mediaOrigin: string, frameAncestors: readonly string[]) => ({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:', mediaOrigin],
    mediaSrc: ["'self'", 'blob:', mediaOrigin],
    connectSrc: ["'self'", mediaOrigin],
    workerSrc: ["'self'", 'blob:'],
    objectSrc: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: [...frameAncestors],
  },
});

/**
 * The headers of every answer but the API's (apiHeaders.ts).
 * @param options.mediaOrigin the store's public origin
 */
export function securityHeaders({ mediaOrigin }: { mediaOrigin: string }): RequestHandler {
  // strictTransport.ts sends the transport's.
  return helmet({ strictTransportSecurity: false, contentSecurityPolicy: policy(mediaOrigin, ["'self'"]) });
}

/** For /embed: the sites that may have it in a frame (CSP `frame-ancestors`). X-Frame-Options cannot name sites, so it is left out. */
export function embedHeaders(options: { mediaOrigin: string; origins: readonly string[] }): RequestHandler {
  const { mediaOrigin, origins } = options;
  const setPolicy = helmet.contentSecurityPolicy(policy(mediaOrigin, origins.length > 0 ? origins : ["'none'"]));
  return (request, response, next) => {
    response.removeHeader('X-Frame-Options');
    setPolicy(request, response, next);
  };
}

/** bull-board's page has a style element and a base element; its web fonts stay blocked, it falls back to the system's. */
export const boardPolicy: RequestHandler = helmet.contentSecurityPolicy({
  useDefaults: false,
  directives: {
    defaultSrc: ["'self'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", "'unsafe-inline'"],
    imgSrc: ["'self'", 'data:'],
    objectSrc: ["'none'"],
    baseUri: ["'self'"],
    frameAncestors: ["'none'"],
  },
});

/** For what any page may use: players of other sites, embedded players. */
export const openToAll: RequestHandler[] = [
  cors({
    methods: ['GET', 'HEAD'],
    exposedHeaders: ['Content-Length', 'Content-Range', 'Accept-Ranges'],
    maxAge: 86_400,
  }),
  helmet.crossOriginResourcePolicy({ policy: 'cross-origin' }),
];
