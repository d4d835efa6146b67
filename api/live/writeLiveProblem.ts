import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { problemOf } from '../http/problemOf.ts';
import { newRequestId } from '../http/requestId.ts';
import { withoutToken } from '../http/withoutToken.ts';
import { openHeaders } from './writeLiveAnswer.ts';

/** A problem document (RFC 9457). Keeps a Cache-Control that is set already. */
export function writeLiveProblem(
  thrown: unknown,
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
): void {
  if (response.destroyed) return;
  if (response.headersSent) return void response.destroy();
  const error = AppError.from(thrown);
  const requestId = newRequestId();
  if (error.status >= 500) {
    const [path = ''] = (request.url ?? '').split('?', 1);
    log[error.status === 503 ? 'debug' : 'error'](
      { err: thrown, requestId, path: withoutToken(path) },
      'live request failed',
    );
  }
  const detail =
    error.status >= 500 && error.status !== 503 ? 'internal error; the server has logged it' : error.message;
  const body = JSON.stringify(problemOf(error, detail, requestId));
  for (let i = 0; i < openHeaders.length; i += 2) response.setHeader(openHeaders[i] ?? '', openHeaders[i + 1] ?? '');
  response.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.setHeader('X-Request-Id', requestId);
  if (!response.hasHeader('Cache-Control')) response.setHeader('Cache-Control', 'no-store');
  if (error.retryable) response.setHeader('Retry-After', '1');
  response.statusCode = error.status;
  response.end(request.method === 'HEAD' ? undefined : body);
}
