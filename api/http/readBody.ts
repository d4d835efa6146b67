import type { Request, RequestHandler } from 'express';
import { AppError } from '../../common/errors.ts';

/** Bytes of a request's body. */
export const BODY_MAX = 100 * 1_024;

const NONE = Buffer.alloc(0);

/** RFC 9112, 6: a request without either of these has no body. */
const hasBody = ({ headers }: Request): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

const sizeOf = (bytes: number): string => (bytes % 1_024 === 0 ? `${bytes / 1_024} kB` : `${bytes} bytes`);

const tooLarge = (most: number): AppError =>
  new AppError('body_too_large', `the body is too large; at most ${sizeOf(most)} are accepted`);

/** Keeps the raw body, whatever its type is said to be: signatures cover its bytes. Throws `body_too_large`. @param most bytes */
export function readBodyUpTo(most: number): RequestHandler {
  return async (request, _response, next) => {
    if (!hasBody(request)) {
      request.body = NONE;
      return next();
    }
    if ((request.get('content-encoding') ?? 'identity') !== 'identity') {
      throw new AppError('media_type_unsupported', 'a compressed body is not accepted; send it as it is');
    }
    if (Number(request.get('content-length') ?? 0) > most) throw tooLarge(most);
    const body = await collect(request, most);
    if (body === 'too large') throw tooLarge(most);
    // Nobody waits for an answer any more.
    if (body === 'aborted') return;
    request.body = body;
    next();
  };
}

/** The same, up to BODY_MAX. */
export const readBody: RequestHandler = readBodyUpTo(BODY_MAX);

async function collect(request: Request, most: number): Promise<Buffer | 'too large' | 'aborted'> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > most) return 'too large';
      chunks.push(chunk);
    }
  } catch (error) {
    if (request.destroyed) return 'aborted';
    throw error;
  }
  return Buffer.concat(chunks);
}

/**
 * Refuses a body that is said to be over the limit before a byte of it is read. What is still to come of a body when the
 * answer is out is dropped up to the limit; beyond it the connection is closed. For all routes.
 */
export const limitBody: RequestHandler = (request, response, next) => {
  if (!hasBody(request)) return next();
  response.prependOnceListener('finish', () => {
    let dropped = 0;
    request.on('data', (chunk: Buffer) => {
      dropped += chunk.length;
      if (dropped > BODY_MAX) request.socket.destroy();
    });
    // Without a read of ours, at this moment, Node drops the rest itself, however long it is.
    request.read(0);
  });
  if (Number(request.get('content-length') ?? 0) > BODY_MAX) throw tooLarge(BODY_MAX);
  next();
};

/** The body's bytes; empty without a body. */
export function rawBody(request: Request): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : NONE;
}

/** The body as JSON. Throws `body_invalid`. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(body));
  } catch (error) {
    throw new AppError('body_invalid', 'the body must be a JSON object', { cause: error });
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });
