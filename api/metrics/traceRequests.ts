import type { RequestHandler } from 'express';
import type { Tracing } from '../../common/tracing/createTracing.ts';

/** A span for each request of the resource API, by route pattern. It follows from the caller's `traceparent` (W3C Trace Context). */
export const traceRequests =
  (tracing: Tracing): RequestHandler =>
  (request, response, next) => {
    if (!/^\/(v1|api)\//i.test(request.path)) return next();
    const { method } = request;
    const span = tracing.start(method, {
      ...{ parent: request.get('traceparent'), kind: 'server' },
      attributes: { 'http.request.method': method, request_id: String(response.getHeader('x-request-id') ?? '') },
    });
    response.once('close', () => {
      const route = (request.route as { path?: string } | undefined)?.path;
      const { statusCode } = response;
      span.end({
        ...(route !== undefined && { name: `${method} ${route}` }),
        attributes: { 'http.response.status_code': statusCode, ...(route !== undefined && { 'http.route': route }) },
        ...(statusCode >= 500 && { error: `answered ${statusCode}` }),
      });
    });
    tracing.within(span, next);
  };
