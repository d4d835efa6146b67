import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { derivedPlaybackKey, type PlaybackKey } from '../../common/config/playbackKeys.ts';
import { AppError } from '../../common/errors.ts';

const MOST_KNOWN = 20_000;

const claims = z.object({
  /** The stream that it is good for. */
  sub: z.string(),
  /** Unix time (s). */
  exp: z.number(),
});

/**
 * Viewers' tokens: a JWT (HS256) with `kid`, the id of its key, and the claims `sub`, the stream's id, and `exp`. Apps make them too, so nothing
 * else is asked of one (RFC 7519).
 */
export class PlaybackTokens {
  readonly #keys: readonly [PlaybackKey, ...PlaybackKey[]];
  /** Tokens that were found good: a viewer shows the same one several times a second. */
  readonly #known = new Map<string, z.output<typeof claims>>();

  /** @param config PLAYBACK_KEYS; absent: a key that is derived from HMAC_SECRET */
  constructor(config: { PLAYBACK_KEYS?: readonly PlaybackKey[] | undefined; HMAC_SECRET: string }) {
    const [first = derivedPlaybackKey(config.HMAC_SECRET), ...others] = config.PLAYBACK_KEYS ?? [];
    this.#keys = [first, ...others];
  }

  /** @returns the token, and when it expires (ms since 1970) */
  create(streamId: string, seconds: number): { token: string; expiresAt: number } {
    const [{ id, secret }] = this.#keys;
    const exp = Math.floor(Date.now() / 1_000) + seconds;
    const token = jwt.sign({ sub: streamId, exp }, secret, { algorithm: 'HS256', keyid: id, noTimestamp: true });
    return { token, expiresAt: exp * 1_000 };
  }

  /** How long the token is good for this stream (ms). Throws `playback_token_invalid`. */
  check(token: string, streamId: string): number {
    const { sub, exp } = this.#known.get(token) ?? this.#read(token);
    const leftMs = exp * 1_000 - Date.now();
    if (leftMs <= 0) refuse('has expired');
    if (sub !== streamId) refuse(`is for stream "${sub}" only`);
    return leftMs;
  }

  #read(token: string): z.output<typeof claims> {
    const read = this.#verify(token);
    this.#known.set(token, read);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return read;
  }

  #verify(token: string): z.output<typeof claims> {
    const id = jwt.decode(token, { complete: true })?.header.kid;
    const key = this.#keys.find(of => of.id === id);
    if (!key) refuse(`names a key that does not exist; its header must have kid: ${this.#keys[0].id}`);
    try {
      return claims.parse(jwt.verify(token, key.secret, { algorithms: ['HS256'] }));
    } catch (error) {
      refuse(error instanceof jwt.TokenExpiredError ? 'has expired' : 'is not right', error);
    }
  }
}

function refuse(rule: string, cause?: unknown): never {
  throw new AppError(
    'playback_token_invalid',
    `the playback token ${rule}; get one from the app that shows the stream`,
    {
      cause,
    },
  );
}
