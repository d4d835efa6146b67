import type { Request, RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';

const READS = new Set(['GET', 'HEAD']);

/**
 * Refuses requests that change something unless they come from a page of this origin and carry JSON or nothing. Browsers
 * send a password that they know along with every request, also with a form of another site; a form cannot send JSON.
 * `Sec-Fetch-Site` (W3C Fetch Metadata) decides; where it is absent `Origin` has to name the host of the request.
 */
export const sameOrigin: RequestHandler = (request, _response, next) => {
  checkSameOrigin(request);
  next();
};

/** The same as a call. Throws `forbidden`. */
export function checkSameOrigin(request: Request): void {
  if (READS.has(request.method)) return;
  if (!isSameOrigin(request)) {
    throw new AppError(
      'forbidden',
      'the request must come from a page of this host; other sites and scripts are refused',
    );
  }
  if (hasBody(request) && !request.is('application/json')) {
    throw new AppError('forbidden', 'the body must be application/json');
  }
}

function isSameOrigin(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site === 'same-origin';
  const origin = request.get('origin');
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === request.get('host');
}

const hasBody = (request: Request): boolean =>
  request.get('transfer-encoding') !== undefined || Number(request.get('content-length') ?? 0) > 0;
