import type { Meter } from '@opentelemetry/api';
import type { RequestHandler } from 'express';
import { requestDuration } from './requestDuration.ts';

/** Folders that are served as files: their paths are as many as their files, so they count as one route each. */
const FOLDERS = ['/video', '/assets', '/admin/queues'];

/** Records each request's time from its arrival to the end of its answer, by route pattern, method and status; and the codes of errors. */
export function measureRequests(meter: Meter): RequestHandler {
  const duration = requestDuration(meter);
  const refused = meter.createCounter('livetran_requests_refused_total', {
    description: 'Requests that were answered with an error, by its code',
  });
  return (request, response, next) => {
    const begun = performance.now();
    // Read now: while sub-routers run, Express cuts their mount point off.
    const { path, method } = request;
    response.once('close', () => {
      const folder = FOLDERS.find(name => path.startsWith(`${name}/`) || path === name);
      const route = folder ?? (request.route as { path?: string } | undefined)?.path ?? 'unmatched';
      duration.record((performance.now() - begun) / 1_000, { route, method, status: response.statusCode });
      const { errorCode: code } = response.locals as { errorCode?: string };
      if (code !== undefined) refused.add(1, { code });
    });
    next();
  };
}
