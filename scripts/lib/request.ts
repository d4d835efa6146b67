import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';

/** Nobody answered: refused, no such host, timed out, or a certificate that is not trusted. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

const TIMEOUT_MS = 10_000;

/**
 * One HTTP(S) request, its answer read whole. The certificate that Livetran makes for itself is accepted from this
 * host's own addresses only; anywhere else it must be a trusted one. Throws UnreachableError.
 */
export function request(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string; signal?: AbortSignal } = {},
): Promise<Answer> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const cause = timeout.aborted ? `no answer within ${TIMEOUT_MS / 1_000} s` : error.message;
      const message = `${target.origin} cannot be reached: ${cause || 'connection failed'}`;
      reject(options.signal?.aborted ? options.signal.reason : new UnreachableError(message, { cause: error }));
    };
    const call = send(
      target,
      {
        method: options.method ?? 'GET',
        headers: {
          ...options.headers,
          ...(options.body && { 'content-length': String(Buffer.byteLength(options.body)) }),
        },
        rejectUnauthorized: !isLoopback(target.hostname),
        agent: false,
        signal: options.signal ? AbortSignal.any([options.signal, timeout]) : timeout,
      },
      async response => {
        try {
          const chunks: Buffer[] = [];
          for await (const chunk of response) chunks.push(chunk as Buffer);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
        } catch (error) {
          fail(error as Error);
        }
      },
    );
    call.on('error', fail);
    call.end(options.body);
  });
}

/** Whether a URL's host name is this machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
