import cors from 'cors';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * The headers of every answer but the API's (apiHeaders.ts). Pages run no inline script; media may come from this host, the store's public
 * origin, or a MediaSource (blob:).
 * @param options.mediaOrigin the store's public origin
 */
export function securityHeaders(options: { mediaOrigin: string }): RequestHandler {
  return helmet({
    // strictTransport.ts
    strictTransportSecurity: false,
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:', options.mediaOrigin],
        mediaSrc: ["'self'", 'blob:', options.mediaOrigin],
        connectSrc: ["'self'", options.mediaOrigin],
        workerSrc: ["'self'", 'blob:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'self'"],
      },
    },
  });
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
