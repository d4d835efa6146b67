import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '../../common/errorCatalogue.ts';
import { AppError } from '../../common/errors.ts';
import { problemOf } from './problemOf.ts';
import { newRequestId } from './requestId.ts';

/** Node's and llhttp's codes of what never becomes a request. */
const kinds: Record<string, [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the request line and the headers are longer than 16 kB'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['body_too_large', 'the extensions of a chunk are longer than 16 kB'],
  HPE_INVALID_METHOD: ['request_malformed', 'the method is none that HTTP has'],
  HPE_INVALID_VERSION: ['request_malformed', 'the version is not HTTP/1.1 or HTTP/1.0'],
  HPE_INVALID_URL: ['request_malformed', 'the path has characters that are not allowed there; encode them (RFC 3986)'],
  HPE_INVALID_HEADER_TOKEN: ['request_malformed', 'a header has characters that are not allowed there'],
  HPE_INVALID_CONTENT_LENGTH: ['request_malformed', 'Content-Length is no number'],
  HPE_UNEXPECTED_CONTENT_LENGTH: ['request_malformed', 'the length of the body is given twice'],
  HPE_INVALID_TRANSFER_ENCODING: ['request_malformed', 'Transfer-Encoding must be chunked, and the last one'],
  HPE_INVALID_CHUNK_SIZE: ['request_malformed', 'the size of a chunk is no number'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'the request did not arrive whole within its time'],
};

/**
 * Answers what is no HTTP request, or one that the application never sees, with a problem document as any other error. Node's own
 * answers have no body. The connection is closed.
 */
export function refuseMalformed(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    const underWay = (socket as { _httpMessage?: ServerResponse })._httpMessage;
    // Part of another answer may be out: more bytes would become part of that.
    if (!socket.writable || underWay?.headersSent || error.code === 'ECONNRESET') return void socket.destroy();
    const [code, detail] = kinds[error.code ?? ''] ?? ['request_malformed', 'the request is not valid HTTP/1.1'];
    refuse(socket, new AppError(code, detail));
  });
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    refuse(socket, new AppError('method_not_allowed', 'CONNECT is not allowed here; this is no proxy'));
  });
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
    refuse(request.socket, new AppError('expectation_failed', 'Expect may be 100-continue, and nothing else'));
  });
}

function refuse(socket: Duplex, error: AppError): void {
  const requestId = newRequestId();
  const body = JSON.stringify(problemOf(error, error.message, requestId));
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    `X-Request-Id: ${requestId}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // A caller that goes on sending would keep the connection open.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}

const LINGER_MS = 500;
