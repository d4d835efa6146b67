import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { notImplemented } from './objectHandlers.ts';
import type { S3Handler, S3Request } from './s3Answer.ts';
import { S3Error } from './s3Error.ts';
import { element, parseDeleteRequest, xmlDocument } from './xml.ts';

const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const document = (name: string, parts: readonly string[]) => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: xmlDocument(`<${name} ${namespace}>${parts.join('')}</${name}>`),
});

/** ListObjectsV2, without delimiter. */
export const listObjects: S3Handler = (request, bucket) => {
  const { query } = request;
  if (query.get('list-type') !== '2') throw notImplemented('ListObjects version 1');
  for (const name of ['delimiter', 'encoding-type', 'fetch-owner']) {
    if (query.has(name)) throw notImplemented(`Parameter '${name}'`);
  }
  const maxKeys = Number(query.get('max-keys') ?? 1_000);
  if (!Number.isInteger(maxKeys) || maxKeys < 0) throw new S3Error(400, 'InvalidArgument', 'max-keys is no number');
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token') ?? undefined;
  const page = bucket.list({ prefix, token, startAfter: query.get('start-after') ?? '', maxKeys });
  const contents = page.keys.map(key => {
    const { etag, body, lastModified } = bucket.get(key);
    return element('Contents', [
      element('Key', key),
      element('LastModified', lastModified.toISOString()),
      element('ETag', `"${etag}"`),
      element('Size', body.length),
      element('StorageClass', 'STANDARD'),
    ]);
  });
  return document('ListBucketResult', [
    element('Name', request.bucket),
    element('Prefix', prefix),
    element('KeyCount', page.keys.length),
    element('MaxKeys', maxKeys),
    element('IsTruncated', page.nextToken !== undefined),
    ...(token === undefined ? [] : [element('ContinuationToken', token)]),
    ...(page.nextToken === undefined ? [] : [element('NextContinuationToken', page.nextToken)]),
    ...contents,
  ]);
};

/** DeleteObjects: up to 1,000 keys, each with its own outcome in an answer that is always 200. */
export const deleteObjects =
  (undeletable: RegExp | undefined): S3Handler =>
  ({ headers, body }, bucket) => {
    checkBodyDigest(headers, body);
    const { keys, quiet } = parseDeleteRequest(body.toString());
    const outcomes = keys.map(key => {
      if (undeletable?.test(key)) {
        return element('Error', [element('Key', key), element('Code', 'AccessDenied'), element('Message', 'Denied')]);
      }
      bucket.delete(key);
      return quiet ? '' : element('Deleted', [element('Key', key)]);
    });
    return document('DeleteResult', outcomes);
  };

/** S3 requires one here, unlike for a PUT. */
function checkBodyDigest(headers: S3Request['headers'], body: Buffer): void {
  const md5 = headers['content-md5'];
  const crc = headers['x-amz-checksum-crc32'];
  if (md5 === undefined && crc === undefined) {
    throw new S3Error(400, 'InvalidRequest', 'Missing required header for this request: Content-MD5 or a checksum');
  }
  const crcBytes = Buffer.alloc(4);
  crcBytes.writeUInt32BE(crc32(body));
  const md5Right = md5 === undefined || md5 === createHash('md5').update(body).digest('base64');
  if (!md5Right || (crc !== undefined && crc !== crcBytes.toString('base64'))) {
    throw new S3Error(400, 'BadDigest', 'The checksum you specified did not match what we received.');
  }
}
