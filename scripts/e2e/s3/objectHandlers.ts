import { createHash } from 'node:crypto';
import type { DoubleObject } from './doubleObject.ts';
import type { S3Answer, S3Handler, S3Request } from './s3Answer.ts';
import { S3Error } from './s3Error.ts';

/** PutObject: whole bodies of known length only; no checksum header but Content-MD5, as R2 refused them for long. */
export const putObject: S3Handler = (request, bucket) => {
  const { key, headers, body } = request;
  if (headers['content-length'] === undefined) {
    throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.');
  }
  if (Buffer.byteLength(key) > 1_024) throw new S3Error(400, 'KeyTooLongError', 'Your key is too long');
  refuseHeaders(headers);
  checkMd5(headers, body);
  const metadata = readMetadata(headers);
  const kept = ['content-type', 'cache-control'].flatMap(name => (headers[name] ? [[name, headers[name]]] : []));
  const { etag } = bucket.put(key, {
    body,
    headers: Object.fromEntries(kept) as Record<string, string>,
    metadata,
    ifMatch: headers['if-match'],
    ifNoneMatch: headers['if-none-match'],
  });
  return { status: 200, headers: { etag: `"${etag}"` } };
};

/** GetObject and HeadObject, with ranges and If-None-Match. */
export const getObject: S3Handler = ({ method, key, headers }, bucket) =>
  answerObject(method, bucket.get(key), headers);

/** DeleteObject: succeeds for what does not exist. */
export const deleteObject: S3Handler = ({ key, headers }, bucket) => {
  if (headers['if-match'] !== undefined) throw notImplemented('conditional DeleteObject');
  bucket.delete(key);
  return { status: 204 };
};

/** An object as a GET or HEAD answer; also what the public side sends. */
export function answerObject(method: string, object: DoubleObject, headers: S3Request['headers']): S3Answer {
  const { body, etag } = object;
  const common = {
    etag: `"${etag}"`,
    'last-modified': object.lastModified.toUTCString(),
    'accept-ranges': 'bytes',
    ...object.headers,
    ...Object.fromEntries(Object.entries(object.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
  };
  if (headers['if-none-match'] === `"${etag}"`) return { status: 304, headers: common };
  const range = readRange(headers.range, body.length);
  const part = range ? body.subarray(range.start, range.end + 1) : body;
  return {
    status: range ? 206 : 200,
    headers: {
      ...common,
      'content-length': part.length,
      ...(range && { 'content-range': `bytes ${range.start}-${range.end}/${body.length}` }),
    },
    ...(method !== 'HEAD' && { body: part }),
  };
}

/** RFC 9110 14.1.2, one range; several are answered whole, as a server may. */
function readRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first = '', last = ''] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (start > end) {
    const unsatisfied = { 'content-range': `bytes */${size}` };
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', unsatisfied);
  }
  return { start, end };
}

function refuseHeaders(headers: S3Request['headers']): void {
  const known = /^x-amz-(date|content-sha256|user-agent|meta-.+|security-token|storage-class)$/;
  for (const name of Object.keys(headers)) {
    if (name.startsWith('x-amz-') && !known.test(name)) throw notImplemented(`Header '${name}'`);
  }
  if (/aws-chunked/.test(headers['content-encoding'] ?? '')) throw notImplemented("Content-Encoding 'aws-chunked'");
}

function checkMd5(headers: S3Request['headers'], body: Buffer): void {
  const given = headers['content-md5'];
  if (given !== undefined && given !== createHash('md5').update(body).digest('base64')) {
    throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

function readMetadata(headers: S3Request['headers']): Record<string, string> {
  const prefix = 'x-amz-meta-';
  const entries = Object.entries(headers).filter(([name]) => name.startsWith(prefix));
  if (entries.reduce((bytes, [name, value]) => bytes + name.length - prefix.length + value.length, 0) > 8_192) {
    throw new S3Error(400, 'MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size.');
  }
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** What R2 answers to a part of S3 that it does not have. */
export const notImplemented = (what: string): S3Error => new S3Error(501, 'NotImplemented', `${what} not implemented`);
