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

export interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 10_000;

/**
 * One HTTP(S) request, its answer read whole. The certificate that Livetran makes for itself is accepted from this
 * host's own addresses only; anywhere else it must be a trusted one. Throws UnreachableError.
 */
export async function request(url: string, options: RequestOptions = {}): Promise<Answer> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  try {
    const response = await openRequest(url, { ...options, signal });
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: Buffer.concat(await response.toArray()),
    };
  } catch (error) {
    if (options.signal?.aborted) throw options.signal.reason;
    throw unreachable(url, timeout.aborted ? new Error(`no answer within ${TIMEOUT_MS / 1_000} s`) : (error as Error));
  }
}

/**
 * The same with an answer that may go on for ever: resolves with its head, and the caller reads the rest.
 * @param options.silenceMs the connection is given up, with an error, after so long without a byte
 */
export async function requestStream(
  url: string,
  options: RequestOptions & { silenceMs?: number } = {},
): Promise<IncomingMessage> {
  try {
    return await openRequest(url, options);
  } catch (error) {
    throw options.signal?.aborted ? options.signal.reason : unreachable(url, error as Error);
  }
}

function openRequest(url: string, options: RequestOptions & { silenceMs?: number }): Promise<IncomingMessage> {
  const { method = 'GET', headers, body, signal, silenceMs } = options;
  const target = new URL(url);
  const send = target.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const call = send(
      target,
      {
        ...{ method, agent: false, rejectUnauthorized: !isLoopback(target.hostname) },
        headers: { ...headers, ...(body && { 'content-length': String(Buffer.byteLength(body)) }) },
        ...(signal && { signal }),
        ...(silenceMs && { timeout: silenceMs }),
      },
      resolve,
    );
    call.on('timeout', () => call.destroy(new Error(`nothing for ${(silenceMs ?? 0) / 1_000} s`)));
    call.on('error', reject);
    call.end(body);
  });
}

const unreachable = (url: string, cause: Error): UnreachableError =>
  new UnreachableError(`${new URL(url).origin} cannot be reached: ${cause.message || 'connection failed'}`, { cause });

/** Whether a URL's host name is this machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
