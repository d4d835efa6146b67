import type { DoubleBucket } from './doubleBucket.ts';
import { answerObject } from './objectHandlers.ts';
import type { S3Answer, S3Request } from './s3Answer.ts';
import { S3Error } from './s3Error.ts';

/** Where the bucket can be read without a signature, as over R2's custom domain. No bucket's name can hold a `_`. */
export const publicPath = '/_public';

/** Plain GET and HEAD for players, with the CORS policy that a live bucket needs: any origin, ranges. */
export function answerPublic(request: S3Request, bucket: DoubleBucket): S3Answer {
  // As R2 does: without Origin there are no CORS headers.
  const cors: Record<string, string> = request.headers.origin
    ? {
        'access-control-allow-origin': '*',
        'access-control-expose-headers': 'Content-Length, Content-Range, ETag',
        vary: 'Origin',
      }
    : {};
  if (request.method === 'OPTIONS') {
    const allow = { 'access-control-allow-methods': 'GET, HEAD', 'access-control-allow-headers': 'range' };
    return { status: 204, headers: { ...cors, ...allow } };
  }
  try {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new S3Error(405, 'MethodNotAllowed', 'The public side is for reading.');
    }
    const answer = answerObject(request.method, bucket.get(request.key), request.headers);
    return { ...answer, headers: { ...answer.headers, ...cors } };
  } catch (error) {
    if (!(error instanceof S3Error)) throw error;
    return { status: error.status, headers: { ...cors, ...error.headers }, body: error.code };
  }
}
