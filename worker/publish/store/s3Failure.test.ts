import { describe, expect, test } from 'vitest';
import { type S3Call, s3Failure } from './s3Failure.ts';

const put: S3Call = { name: 'PUT a/a.ts', writes: true, knownHost: false, signal: undefined };
const network = (code: string, syscall?: string) => Object.assign(new Error(`${syscall} ${code}`), { code, syscall });
const answered = (statusCode: number, name: string, headers = {}) =>
  Object.assign(new Error('told so'), { name, $response: { statusCode, headers } });

// What real sockets and the S3 double can show is tested beside the double; here is the rest.
describe('s3Failure', () => {
  test.each([
    ['a misspelt host', network('ENOTFOUND', 'getaddrinfo'), {}, { kind: 'config', ambiguous: false }],
    ['a host that was there', network('ENOTFOUND', 'getaddrinfo'), { knownHost: true }, { kind: 'retry' }],
    ['no resolver', network('EAI_AGAIN', 'getaddrinfo'), {}, { kind: 'retry', ambiguous: false }],
    ['a connection lost', network('ECONNRESET', 'read'), {}, { kind: 'retry', ambiguous: true }],
    ['a connection lost while reading', network('ECONNRESET', 'read'), { writes: false }, { ambiguous: false }],
    ['a bad certificate', network('CERT_HAS_EXPIRED'), {}, { kind: 'config', ambiguous: false }],
    ['another certificate', network('DEPTH_ZERO_SELF_SIGNED_CERT'), {}, { kind: 'config' }],
    ['If-Match on a missing object at AWS', answered(404, 'NoSuchKey'), { ifMatch: true }, { kind: 'precondition' }],
    ['If-Match in a missing bucket', answered(404, 'NoSuchBucket'), { ifMatch: true }, { kind: 'config' }],
    ['SlowDown with another status', answered(400, 'SlowDown'), {}, { kind: 'throttled', ambiguous: false }],
    ['another region', answered(301, 'PermanentRedirect'), {}, { kind: 'config' }],
    ['a caller who gave up', new Error('x'), { signal: AbortSignal.abort() }, { kind: 'aborted', ambiguous: true }],
    ['what is not even an error', 'oh', {}, { kind: 'retry', ambiguous: true }],
  ])('%s', (_, error, call, expected) => {
    expect(s3Failure(error, { ...put, ...call })).toMatchObject(expected);
  });

  test('Retry-After may be a date', () => {
    const date = new Date(Date.now() + 60_000).toUTCString();
    const { retryAfterMs } = s3Failure(answered(503, 'SlowDown', { 'retry-after': date }), put);
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(s3Failure(answered(503, 'SlowDown', { 'retry-after': 'soon' }), put).retryAfterMs).toBeUndefined();
  });

  test('the message says the call, the answer and whom to ask', () => {
    expect(s3Failure(answered(403, 'AccessDenied'), put).message).toBe(
      'PUT a/a.ts: 403 AccessDenied: told so (check R2_ACCESS_KEY, R2_SECRET_KEY and what the key may do on the bucket)',
    );
  });
});
