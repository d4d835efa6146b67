import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, Response } from 'express';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';

const LINGER_MS = 500;

/** The one place that writes an error: `{"success":false,"error":"…"}`. From 500 on callers get no detail, the log does. */
export function writeError(log: Logger): ErrorRequestHandler {
  return (error, request, response, next) => {
    const status = statusOf(error);
    if (status >= 500) {
      const details = { err: error, method: request.method, path: request.path, status };
      // The connection logs an outage of Redis once; a line for each refused request adds nothing.
      log[status === 503 ? 'debug' : 'error'](details, 'request failed');
    }
    // Too late for an answer: Express closes the connection, so that the caller sees it is cut short.
    if (response.headersSent) return next(error);
    response.set('Cache-Control', 'no-store');
    if (error instanceof AppError && error.retryable && !response.get('Retry-After')) response.set('Retry-After', '1');
    const body = { success: false, error: messageOf(error, status) };
    if (status === 413) return writeAndClose(response, body);
    response.status(status).json(body);
  };
}

/**
 * Answers while the caller still sends its body, reads no more of that, and closes the connection. The end comes a moment
 * after the answer: closed at once, a connection with unread bytes is reset, and the answer is lost with it (RFC 9112, 9.6).
 */
function writeAndClose(response: Response, body: object): void {
  response.req.pause();
  const text = JSON.stringify(body);
  response
    .status(413)
    .set('Connection', 'close')
    .type('json')
    .set('Content-Length', `${Buffer.byteLength(text)}`);
  response.write(text);
  const end = setTimeout(() => response.end(), LINGER_MS);
  response.once('close', () => clearTimeout(end));
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
  return (STATUS_CODES[status] ?? 'bad request').toLowerCase();
}
