import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { deleteObjects, listObjects } from './bucketHandlers.ts';
import { DoubleBucket } from './doubleBucket.ts';
import type { AcceptedPut, DoubleObject } from './doubleObject.ts';
import { deleteObject, getObject, notImplemented, putObject } from './objectHandlers.ts';
import { answerPublic, publicPath } from './publicHandler.ts';
import type { S3Answer, S3Handler, S3Request } from './s3Answer.ts';
import { S3Error } from './s3Error.ts';
import { decodePart, verifySignature } from './sigv4.ts';
import { element, xmlDocument } from './xml.ts';

export interface S3DoubleOptions {
  accessKey: string;
  secretKey: string;
  bucket: string;
  /** To one key; more is answered 429, as R2 does. 0: never. Default 1. */
  writesPerSecond?: number;
  /** Keys in a page of a listing, whatever the client asks for. Default 1,000. */
  pageSize?: number;
  /** Whether `publicUrl` answers. Default true. */
  publicRead?: boolean;
  /** Whether If-Match and If-None-Match of a PUT count. Default true; older stores take no notice of them. */
  conditionalPuts?: boolean;
  /** Keys that a batch delete reports as AccessDenied. */
  undeletable?: RegExp;
  /** Default: a free one. */
  port?: number;
}

export interface RequestEntry {
  method: string;
  /** Decoded; empty for calls on the bucket. */
  key: string;
  query: string;
  status: number;
  /** When it came, ms since 1970. */
  time: number;
  /** A player's request: under `publicUrl`, unsigned. */
  public: boolean;
}

export interface S3Double {
  /** http://127.0.0.1:<port> */
  endpoint: string;
  /** An object is under `<publicUrl>/<key>`. */
  publicUrl: string;
  /** What is stored now; look, don't touch. */
  objects(): ReadonlyMap<string, DoubleObject>;
  requests: readonly RequestEntry[];
  /** Every PUT that was accepted, in order. */
  accepted: readonly AcceptedPut[];
  /** What a publisher did that it never should have, one sentence each. */
  violations: readonly string[];
  close(): Promise<void>;
}

/**
 * An S3 server in this process, in memory, stricter than the ones to be had: it checks signatures and body hashes,
 * fences conditional PUTs, limits writes to a key and refuses what R2 refuses. Path style, one bucket.
 */
export async function startS3Double(options: S3DoubleOptions): Promise<S3Double> {
  const bucket = new DoubleBucket({
    pageSize: options.pageSize ?? 1_000,
    writesPerSecond: options.writesPerSecond ?? 1,
  });
  const requests: RequestEntry[] = [];
  const server = createServer((incoming, outgoing) => {
    const time = Date.now();
    void answer(incoming, bucket, options).then(
      ({ request, answered, open }) => {
        const { method, key, query } = request;
        requests.push({ method, key, query: query.toString(), status: answered.status, time, public: open });
        send(outgoing, answered);
      },
      () => outgoing.destroy(), // the client went away in the middle of its body
    );
  });
  // Longer than clients keep idle connections, or one is closed just as it is used again.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    endpoint,
    publicUrl: `${endpoint}${publicPath}`,
    objects: () => bucket.objects,
    requests,
    accepted: bucket.accepted,
    violations: bucket.rules.violations,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(incoming: IncomingMessage, bucket: DoubleBucket, options: S3DoubleOptions) {
  const [rawPath = '/', rawQuery = ''] = (incoming.url ?? '/').split(/\?(.*)/s);
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const headers = { ...incoming.headers } as Record<string, string>;
  if (incoming.method === 'PUT' && options.conditionalPuts === false) {
    delete headers['if-match'];
    delete headers['if-none-match'];
  }
  const open = rawPath.startsWith(`${publicPath}/`) && options.publicRead !== false;
  const request: S3Request = {
    method: incoming.method ?? 'GET',
    ...{ bucket: '', key: rawPath },
    query: new URLSearchParams(rawQuery),
    headers,
    body,
  };
  const answered = ((): S3Answer => {
    try {
      const [, name = '', ...parts] = rawPath.split('/').map(decodePart);
      Object.assign(request, { bucket: name, key: parts.join('/') });
      if (open) return answerPublic(request, bucket);
      verifySignature({ method: request.method, rawPath, rawQuery, headers: incoming.headers, body }, options);
      if (name !== options.bucket) throw new S3Error(404, 'NoSuchBucket', 'The specified bucket does not exist.');
      return route(request, options)(request, bucket);
    } catch (error) {
      return refusal(error, request);
    }
  })();
  return { request, answered, open };
}

function route(request: S3Request, options: S3DoubleOptions): S3Handler {
  const { method, key, query } = request;
  if (key === '') {
    if (method === 'GET') return listObjects;
    if (method === 'POST' && query.has('delete')) return deleteObjects(options.undeletable);
    if (method === 'HEAD') return () => ({ status: 200 });
    throw notImplemented(`${method} of a bucket`);
  }
  const foreign = [...query.keys()].find(name => name !== 'x-id');
  if (foreign !== undefined) throw notImplemented(`Parameter '${foreign}'`);
  const handlers: Record<string, S3Handler> = {
    GET: getObject,
    HEAD: getObject,
    PUT: putObject,
    DELETE: deleteObject,
  };
  const handler = handlers[method];
  if (!handler) throw notImplemented(`${method} of an object`);
  return handler;
}

function refusal(error: unknown, request: S3Request): S3Answer {
  const known = error instanceof S3Error ? error : new S3Error(500, 'InternalError', String(error));
  const parts = [
    element('Code', known.code),
    element('Message', known.message),
    element('Resource', `/${request.bucket}/${request.key}`),
  ];
  return {
    status: known.status,
    headers: { 'content-type': 'application/xml', ...known.headers },
    ...(request.method !== 'HEAD' && { body: xmlDocument(element('Error', parts)) }),
  };
}

function send(response: ServerResponse, { status, headers = {}, body }: S3Answer): void {
  const length = body === undefined || 'content-length' in headers ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length }).end(body);
}
