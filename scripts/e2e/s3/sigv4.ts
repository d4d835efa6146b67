import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Error } from './s3Error.ts';

export interface SignedRequest {
  method: string;
  /** As they came over the wire, still percent-encoded. */
  rawPath: string;
  rawQuery: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

const maxSkewMs = 15 * 60_000;
const authorizationForm =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

/**
 * Checks a header-signed request (AWS Signature Version 4) and its body against the hash that was signed. Throws the
 * S3Error that S3 would answer.
 */
export function verifySignature(request: SignedRequest, keys: { accessKey: string; secretKey: string }): void {
  const { headers } = request;
  const authorization = headers.authorization;
  if (authorization === undefined) throw new S3Error(403, 'AccessDenied', 'The request is not signed.');
  const [, accessKey, day = '', region = '', signedHeaders = '', signature = ''] =
    authorizationForm.exec(authorization) ?? [];
  if (!accessKey) throw new S3Error(400, 'AuthorizationHeaderMalformed', 'The Authorization header is malformed.');
  if (accessKey !== keys.accessKey) {
    throw new S3Error(403, 'InvalidAccessKeyId', 'The access key ID does not exist in our records.');
  }
  const time = checkTime(header(headers, 'x-amz-date'), day);
  const names = signedHeaders.split(';');
  checkSignedNames(names, headers);
  const payloadHash = header(headers, 'x-amz-content-sha256');
  const canonical = [
    request.method,
    canonicalPath(request.rawPath),
    canonicalQuery(request.rawQuery),
    ...names.map(name => `${name}:${header(headers, name).trim().replace(/ +/g, ' ')}`),
    '',
    signedHeaders,
    payloadHash,
  ].join('\n');
  const scope = `${day}/${region}/s3/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const signingKey = [day, region, 's3', 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${keys.secretKey}`);
  if (!timingSafeEqual(hmac(signingKey, toSign), Buffer.from(signature, 'hex'))) {
    throw new S3Error(403, 'SignatureDoesNotMatch', 'The signature does not match the one we calculated.');
  }
  checkPayload(payloadHash, request.body);
}

function checkTime(time: string, day: string): string {
  const iso = time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const skew = Math.abs(Date.parse(iso) - Date.now());
  if (Number.isNaN(skew) || !time.startsWith(day))
    throw new S3Error(403, 'AccessDenied', 'X-Amz-Date is no valid date.');
  if (skew > maxSkewMs) throw new S3Error(403, 'RequestTimeTooSkewed', 'The clocks differ by more than 15 minutes.');
  return time;
}

function checkSignedNames(names: string[], headers: IncomingHttpHeaders): void {
  const sorted = names.every((name, i) => i === 0 || name > (names[i - 1] ?? ''));
  const must = ['host', ...Object.keys(headers).filter(name => name.startsWith('x-amz-') || name === 'content-md5')];
  const unsigned = must.filter(name => !names.includes(name));
  if (!sorted || unsigned.length > 0) {
    throw new S3Error(403, 'AccessDenied', `There were headers present which were not signed: ${unsigned.join(', ')}`);
  }
}

function checkPayload(hash: string, body: Buffer): void {
  if (hash.startsWith('STREAMING-')) throw new S3Error(501, 'NotImplemented', `${hash} is not implemented.`);
  if (hash !== 'UNSIGNED-PAYLOAD' && hash !== sha256(body)) {
    throw new S3Error(400, 'XAmzContentSHA256Mismatch', 'x-amz-content-sha256 does not match what was computed.');
  }
}

function header(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (value === undefined) throw new S3Error(400, 'InvalidRequest', `Missing header: ${name}`);
  return Array.isArray(value) ? value.join(',') : value;
}

const canonicalPath = (path: string): string => path.split('/').map(reencode).join('/');

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map(pair => {
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    return [reencode(name), reencode(value)] as const;
  });
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  pairs.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
  return pairs.map(pair => pair.join('=')).join('&');
}

/** Percent-encoding as Signature Version 4 wants it: all but A-Z a-z 0-9 - . _ ~ */
function reencode(part: string): string {
  const hex = (char: string) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(decodePart(part)).replace(/[!'()*]/g, hex);
}

/** Percent-decodes; S3's own error when it cannot be. */
export function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.");
  }
}

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, data: string): Buffer => createHmac('sha256', key).update(data).digest();
