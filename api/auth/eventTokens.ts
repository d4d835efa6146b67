import { createHmac } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { AppError } from '../../common/errors.ts';
import type { HeldKey, KeyRing } from './keyRing.ts';

const LABEL = 'livetran event tokens v1';

const claims = z.object({
  aud: z.literal('events'),
  /** The key that asked for it. */
  sub: z.string(),
  /** The one stream that it is good for; absent: all. */
  stream_id: z.string().optional(),
});

/**
 * Short-lived tokens with which browsers read events: EventSource can send no header. A token is a JWT (HS256), signed with a secret that is
 * derived from HMAC_SECRET, and good for events alone.
 */
export class EventTokens {
  readonly #secret: string;
  readonly #ring: Pick<KeyRing, 'find'>;

  constructor(hmacSecret: string, ring: Pick<KeyRing, 'find'>) {
    this.#secret = createHmac('sha256', hmacSecret).update(LABEL).digest('hex');
    this.#ring = ring;
  }

  create(scope: { keyId: string; streamId?: string | undefined; seconds: number }): string {
    const { keyId, streamId, seconds } = scope;
    const payload = { aud: 'events', sub: keyId, ...(streamId !== undefined && { stream_id: streamId }) };
    return jwt.sign(payload, this.#secret, { algorithm: 'HS256', expiresIn: seconds });
  }

  /**
   * The key that asked for it. Throws `signature_invalid`, and `key_unknown` when that was revoked or has expired.
   * @param streamId whose events are wanted; undefined: those of all streams
   */
  check(token: string, streamId: string | undefined): HeldKey {
    const { sub: keyId, stream_id: only } = this.#read(token);
    if (only !== undefined && only !== streamId) {
      throw new AppError('signature_invalid', `token is for the events of stream "${only}" only`);
    }
    const key = this.#ring.find(keyId);
    if (!key || (key.notAfter !== undefined && key.notAfter <= Date.now())) {
      throw new AppError('key_unknown', `token was made with the key "${keyId}", which is good no longer`);
    }
    return key;
  }

  #read(token: string): z.output<typeof claims> {
    try {
      return claims.parse(jwt.verify(token, this.#secret, { algorithms: ['HS256'] }));
    } catch (error) {
      const rule = error instanceof jwt.TokenExpiredError ? 'has expired' : 'is not right';
      throw new AppError('signature_invalid', `token ${rule}; get one with POST /v1/event-tokens`, { cause: error });
    }
  }
}
