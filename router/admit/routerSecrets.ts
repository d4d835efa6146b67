import { createCipheriv, createHmac } from 'node:crypto';

const COOKIE_SECONDS = 30;
const ROUNDS = 4;
const HALVES = 65_536;

/**
 * What all routers of a cluster derive from JWT_SECRET, so that any of them can go on where another one was: cookies, and
 * socket ids that they can invert.
 */
export class RouterSecrets {
  readonly #cookieKey: Buffer;
  /** For each round of the permutation, a random function of 16 bits. */
  readonly #rounds: readonly Uint16Array[];

  constructor(secret: string) {
    this.#cookieKey = createHmac('sha256', secret).update('livetran router cookie').digest();
    const idKey = createHmac('sha256', secret).update('livetran router socket id').digest();
    const stream = createCipheriv('aes-256-ctr', idKey, Buffer.alloc(16)).update(Buffer.alloc(ROUNDS * HALVES * 2));
    this.#rounds = Array.from(
      { length: ROUNDS },
      (_, i) => new Uint16Array(stream.buffer, stream.byteOffset + i * HALVES * 2, HALVES),
    );
  }

  /** Proves that a caller gets what is sent to its address. Good for 30 to 60 s. @param now ms since 1970 */
  cookie(peer: { address: string; port: number }, now: number): number {
    return this.#cookie(peer, slice(now));
  }

  isOurCookie(cookie: number, peer: { address: string; port: number }, now: number): boolean {
    return cookie === this.#cookie(peer, slice(now)) || cookie === this.#cookie(peer, slice(now) - 1);
  }

  /** The id that a caller gets for the router's end: a permutation of its own, never 0. */
  publicId(callerId: number): number {
    const id = this.#permute(callerId);
    return id === 0 ? this.#permute(0) : id;
  }

  /** The caller's own socket id, of the one that it sends to. */
  callerId(publicId: number): number {
    const id = this.#invert(publicId);
    return id === 0 ? this.#invert(0) : id;
  }

  #cookie({ address, port }: { address: string; port: number }, at: number): number {
    return createHmac('sha256', this.#cookieKey).update(`${address} ${port} ${at}`).digest().readUInt32BE() || 1;
  }

  /** A Feistel network over the two halves. */
  #permute(id: number): number {
    let [left, right] = [id >>> 16, id & 0xffff];
    for (const round of this.#rounds) [left, right] = [right, left ^ (round[right] ?? 0)];
    return ((left << 16) | right) >>> 0;
  }

  #invert(id: number): number {
    let [left, right] = [id >>> 16, id & 0xffff];
    for (const round of this.#rounds.toReversed()) [left, right] = [right ^ (round[left] ?? 0), left];
    return ((left << 16) | right) >>> 0;
  }
}

const slice = (now: number): number => Math.floor(now / 1_000 / COOKIE_SECONDS);
