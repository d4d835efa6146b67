import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const NONCE = 12;
const TAG = 16;

/**
 * Seals secrets of API keys for Redis: AES-256-GCM with a key that is derived from a secret of the configuration (HKDF, RFC 5869).
 * Checking an HMAC needs the secret itself, so a hash of it would not do. `about` (id, scopes, limits) is bound to the sealed text: it
 * opens beside no other, so a key in Redis cannot be given more scopes.
 */
export class KeySeal {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'livetran api keys v1', 32));
  }

  /** base64 of nonce, tag and ciphertext. */
  seal(secret: string, about: string): string {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(about));
    const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
  }

  /** Throws when it was sealed with another secret, or beside other words. */
  open(sealed: string, about: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const nonce = bytes.subarray(0, NONCE);
    const tag = bytes.subarray(NONCE, NONCE + TAG);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG });
    decipher.setAAD(Buffer.from(about)).setAuthTag(tag);
    return decipher.update(bytes.subarray(NONCE + TAG), undefined, 'utf8') + decipher.final('utf8');
  }
}
