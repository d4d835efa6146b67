import jwt from 'jsonwebtoken';

/**
 * A stream key: a JWT (HS256) with the claims `stream_id`, `exp`, and `run`: it is good for one run of the stream. `gen` counts
 * the keys of a run that were requested; the first one has none.
 */
export function mintStreamKey(options: {
  streamId: string;
  run: string;
  generation?: number;
  secret: string;
  ttlSeconds: number;
}): string {
  const { streamId, run, generation } = options;
  return jwt.sign({ stream_id: streamId, run, ...(generation ? { gen: generation } : {}) }, options.secret, {
    algorithm: 'HS256',
    expiresIn: options.ttlSeconds,
    noTimestamp: true,
  });
}
