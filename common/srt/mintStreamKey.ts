import jwt from 'jsonwebtoken';

/** A stream key: a JWT (HS256) with the claims `stream_id`, `exp`, and `run`: it is good for one run of the stream. */
export function mintStreamKey(options: { streamId: string; run: string; secret: string; ttlSeconds: number }): string {
  return jwt.sign({ stream_id: options.streamId, run: options.run }, options.secret, {
    algorithm: 'HS256',
    expiresIn: options.ttlSeconds,
    noTimestamp: true,
  });
}
