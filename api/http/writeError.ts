import type { ErrorRequestHandler, Request, Response } from 'express';
import type { Logger } from '../../common/createLogger.ts';
import type { ErrorCode } from '../../common/errorCatalogue.ts';
import { AppError } from '../../common/errors.ts';
import { problemOf } from './problemOf.ts';
import { requestIdOf } from './requestId.ts';
import { withoutToken } from './withoutToken.ts';

const LINGER_MS = 500;
const LIVETRAN_CALL = /^\/api\/(start-stream|stop-stream|status)\/?$/i;

/**
 * The one place that writes an error: a problem document (RFC 9457). Livetran's three calls get theirs, `{"success":false,"error"}`,
 * and what else is under /api gets both. From 500 on callers get no detail, the log does.
 */
export function writeError(log: Logger): ErrorRequestHandler {
  return (thrown, request, response, next) => {
    const error = appError(thrown);
    response.locals.errorCode = error.code;
    if (error.status >= 500) {
      const details = {
        err: thrown,
        requestId: requestIdOf(response),
        method: request.method,
        path: withoutToken(request.path),
      };
      // The connection logs an outage of Redis once; a line for each refused request adds nothing.
      log[error.status === 503 ? 'debug' : 'error']({ ...details, status: error.status }, 'request failed');
    }
    // Too late for an answer: Express closes the connection, so that the caller sees it is cut short.
    if (response.headersSent) return next(thrown);
    response.set('Cache-Control', 'no-store');
    if (error.retryable && !response.get('Retry-After')) response.set('Retry-After', `${error.retryAfterSeconds ?? 1}`);
    const { status, type, body } = answerOf(error, request, response);
    if (error.status === 413) return writeAndClose(response, type, body);
    response.status(status).type(type).send(JSON.stringify(body));
  };
}

interface ErrorAnswer {
  status: number;
  type: string;
  body: object;
}

function answerOf(error: AppError, request: Request, response: Response): ErrorAnswer {
  const path = request.originalUrl.split('?', 1)[0] ?? '';
  const detail = detailOf(error);
  if (LIVETRAN_CALL.test(path)) {
    const [status, words] = livetranWords[error.code] ?? [error.status, detail];
    return { status, type: 'json', body: { success: false, error: words } };
  }
  const document = problemOf(error, detail, requestIdOf(response));
  const body = path.startsWith('/api/') ? { ...document, success: false, error: detail } : document;
  return { status: error.status, type: 'application/problem+json', body };
}

/** Where Livetran's own status and words are others than the resource API's. */
const livetranWords: { [Code in ErrorCode]?: [number, string] } = {
  stream_not_found: [400, 'Task not found'],
  media_type_unsupported: [415, 'unsupported media type'],
};

/**
 * Answers while the caller still sends its body, reads no more of that, and closes the connection. The end comes a moment
 * after the answer: closed at once, a connection with unread bytes is reset, and the answer is lost with it (RFC 9112, 9.6).
 */
function writeAndClose(response: Response, type: string, body: object): void {
  response.req.pause();
  const text = JSON.stringify(body);
  response
    .status(413)
    .set('Connection', 'close')
    .type(`${type === 'json' ? 'application/json' : type}; charset=utf-8`)
    .set('Content-Length', `${Buffer.byteLength(text)}`);
  response.write(text);
  const end = setTimeout(() => response.end(), LINGER_MS);
  response.once('close', () => clearTimeout(end));
}

/** What body-parser, send and Express itself throw has a status; only those below 500 are the caller's. */
const codes = new Map<unknown, [ErrorCode, string]>([
  [400, ['request_malformed', 'the request cannot be read; check the encoding of its path (RFC 3986)']],
  [403, ['forbidden', 'this may not be read']],
  [404, ['not_found', 'there is no such file']],
  [412, ['precondition_failed', 'the file does not have this tag or date']],
  [413, ['body_too_large', 'the body is too large']],
  [415, ['media_type_unsupported', 'the body has an encoding that is not accepted']],
  [416, ['range_unsatisfiable', 'the file does not have these bytes']],
]);

function appError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const { status } = (thrown ?? {}) as { status?: unknown };
  const known = codes.get(status);
  if (known) return new AppError(known[0], known[1], { cause: thrown });
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new AppError('request_malformed', 'the request cannot be answered as it is', { cause: thrown });
  }
  return AppError.from(thrown);
}

function detailOf(error: AppError): string {
  if (error.status === 503) return 'the service cannot be reached for now; try again in a few seconds';
  if (error.status >= 500) return 'internal error; the server has logged it';
  return error.message;
}
