import { createHash, type KeyObject } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { type Refusal, refuse } from './admission.ts';
import { parseSrtStreamId } from './parseSrtStreamId.ts';

/** A caller's request to publish. Its key is ours; whether it is good for the present run is not judged yet. */
export interface PublishRequest {
  accept: true;
  streamId: string;
  run: string;
  /** Of the key, in its run. */
  generation: number;
  /** ms since 1970 */
  expiresAt: number;
  /** Names the key without being it: a hash. */
  keyDigest: string;
}

const UNREADABLE = refuse(1400, 'the stream id is not of the form mode=publish,rid=<stream>,token=<key>');
const NOT_PUBLISH = refuse(1405, 'the stream id does not say mode=publish');
const NO_KEY = refuse(1401, 'there is no stream key in the stream id');
const BAD_KEY = refuse(1401, 'the stream key is not one of ours');
const OTHER_STREAM = refuse(1403, 'the stream key, or the rid, is for another stream');

/**
 * Reads a caller's stream id and verifies its key, as far as that needs nothing but the secret. Codes: 1400 unreadable,
 * 1401 no good key, 1403 the key is for another stream than the rid names, 1405 not publishing.
 */
export function readPublishRequest(streamIdText: string, secret: KeyObject): PublishRequest | Refusal {
  const request = parseSrtStreamId(streamIdText);
  if (!request) return UNREADABLE;
  if (request.mode !== 'publish') return NOT_PUBLISH;
  if (!request.token) return NO_KEY;
  const claims = verify(request.token, secret);
  if (!claims) return BAD_KEY;
  if (claims.streamId !== request.resource) return OTHER_STREAM;
  return { accept: true, ...claims, keyDigest: createHash('sha256').update(request.token).digest('base64') };
}

type Claims = Pick<PublishRequest, 'streamId' | 'run' | 'generation' | 'expiresAt'>;

/** Undefined when the signature, or the claims, are not ours. A key without `exp` or `run` is none of ours. */
function verify(token: string, secret: KeyObject): Claims | undefined {
  try {
    const claims = jwt.verify(token, secret, { algorithms: ['HS256'], ignoreExpiration: true });
    if (typeof claims === 'string' || typeof claims.stream_id !== 'string') return undefined;
    if (typeof claims.exp !== 'number' || typeof claims.run !== 'string') return undefined;
    const generation: unknown = claims.gen ?? 0;
    if (typeof generation !== 'number') return undefined;
    return { streamId: claims.stream_id, run: claims.run, generation, expiresAt: claims.exp * 1_000 };
  } catch {
    return undefined;
  }
}
