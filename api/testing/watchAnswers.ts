import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { checkAnswer } from './checkAnswer.ts';

/** Node's channel: published before the first listener of a request is called. */
const CHANNEL = 'http.server.request.start';

/**
 * Checks every answer of the server at this port of this process against the OpenAPI document, whoever asked. Returns what
 * ends that; it throws when an answer was not as documented.
 */
export function watchAnswers(port: number): () => void {
  const violations = new Set<string>();
  const onRequest = (message: unknown): void => {
    const { request, response, server } = message as {
      request: IncomingMessage;
      response: ServerResponse;
      server: Server;
    };
    if ((server.address() as AddressInfo | null)?.port !== port) return;
    const { method = '', url: path = '' } = request;
    const body = recordBody(response);
    response.once('finish', () => {
      try {
        check({ method, path, response, body: body() });
      } catch (error) {
        violations.add((error as Error).message);
      }
    });
  };
  subscribe(CHANNEL, onRequest);
  return () => {
    unsubscribe(CHANNEL, onRequest);
    if (violations.size > 0) throw new Error([...violations].join('\n'));
  };
}

function check(seen: { method: string; path: string; response: ServerResponse; body: string }): void {
  const { method, path, response, body } = seen;
  const contentType = String(response.getHeader('content-type') ?? '');
  // Neither HEAD nor OPTIONS is of the document.
  if (method === 'HEAD' || method === 'OPTIONS') return;
  const isJson = contentType.includes('json') && body !== '';
  checkAnswer({ method, path, status: response.statusCode, contentType, body: isJson ? JSON.parse(body) : {} });
}

/** What is written to a response, as text. */
function recordBody(response: ServerResponse): () => string {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown): void => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk as string));
  };
  for (const name of ['write', 'end'] as const) {
    const original = response[name] as (...args: unknown[]) => never;
    response[name] = (...args: unknown[]) => {
      keep(args[0]);
      return original.apply(response, args);
    };
  }
  return () => Buffer.concat(chunks).toString();
}
