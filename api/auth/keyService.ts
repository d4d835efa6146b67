import { randomBytes } from 'node:crypto';
import type { Scope } from '../../common/config/apiKeys.ts';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import type { HeldKey, KeyRing } from './keyRing.ts';
import type { KeyStore } from './keyStore.ts';

/** 256 bits. */
const SECRET_BYTES = 32;

export interface NewKey {
  id?: string | undefined;
  scopes: readonly Scope[];
  notAfter?: number | undefined;
  requestsPerMinute?: number | undefined;
  maxStreams?: number | undefined;
  startsPerMinute?: number | undefined;
}

/** What an admin may do with API keys. Every call throws `redis_unavailable` at once. */
export class KeyService {
  readonly #ring: KeyRing;
  readonly #store: KeyStore;
  readonly #log: Logger;

  constructor(deps: { ring: KeyRing; store: KeyStore; log: Logger }) {
    this.#ring = deps.ring;
    this.#store = deps.store;
    this.#log = deps.log;
  }

  /** Those of the configuration first, then by age. */
  async list(): Promise<HeldKey[]> {
    await this.#ring.refresh();
    return this.#ring.all().sort((a, b) => (a.createdAt ?? 0) - (b.createdAt ?? 0) || (a.id < b.id ? -1 : 1));
  }

  /** Makes a key with a secret of its own, which is in this answer alone. Throws `key_exists` and `quota`. */
  async create(wanted: NewKey): Promise<HeldKey> {
    const id = wanted.id ?? `key_${randomBytes(8).toString('hex')}`;
    if (this.#isConfigured(id)) throw new AppError('key_exists', `there is a key "${id}" in the configuration`);
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    await this.#store.add({ ...wanted, id, secret, createdAt: Date.now(), source: 'api' });
    this.#log.info({ keyId: id, scopes: wanted.scopes, notAfter: wanted.notAfter }, 'an API key was made');
    await this.#ring.refresh();
    const key = this.#ring.find(id);
    if (!key) throw new AppError('key_not_found', `the key "${id}" was deleted while it was made`);
    return key;
  }

  /** Other processes refuse its next request. Throws `key_not_found` and `key_configured`. */
  async remove(id: string): Promise<void> {
    if (this.#isConfigured(id)) throw new AppError('key_configured', `the key "${id}" is part of the configuration`);
    if (!(await this.#store.remove(id))) throw new AppError('key_not_found', `there is no key "${id}"`);
    this.#log.info({ keyId: id }, 'an API key was deleted');
    await this.#ring.refresh();
  }

  #isConfigured(id: string): boolean {
    return this.#ring.find(id)?.source === 'configuration';
  }
}
