import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler } from 'express';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';

/** The one place that writes an error: `{"success":false,"error":"…"}`. From 500 on callers get no detail, the log does. */
export function writeError(log: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    const status = statusOf(error);
    if (status >= 500) {
      const details = { err: error, method: request.method, path: request.path, status };
      // An outage of Redis is told by its connection, once; each refused request is no news.
      log[status === 503 ? 'debug' : 'error'](details, 'request failed');
    }
    // Too late for an answer: Express closes the connection, so that the caller sees it is cut short.
    if (response.headersSent) return next(error);
    response.set('Cache-Control', 'no-store');
    if (error instanceof AppError && error.retryable) response.set('Retry-After', '1');
    response.status(status).json({ success: false, error: messageOf(error, status) });
  };
}

function statusOf(error: unknown): number {
  if (error instanceof AppError) return error.status;
  // body-parser, send and Express itself throw errors with a status; only those below 500 are the caller's.
  const { status } = (error ?? {}) as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function messageOf(error: unknown, status: number): string {
  if (status === 503) return 'the service cannot be reached for now; try again in a few seconds';
  if (status >= 500) return 'internal error; the server has logged it';
  if (error instanceof AppError) return error.message;
  if (status === 413) return 'the body is too large; at most 100 kB are accepted';
  return (STATUS_CODES[status] ?? 'bad request').toLowerCase();
}
