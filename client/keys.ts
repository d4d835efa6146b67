import type { CallOptions, Livetran } from './livetran.ts';
import type { CreatedKey, Key, NewKey } from './openapi.ts';

/** API keys: each app has one of its own, with no more than it needs. */
export class Keys {
  readonly #api: Livetran;

  constructor(api: Livetran) {
    this.#api = api;
  }

  /** Makes a key. No other answer has its secret. */
  create(key: NewKey, options?: CallOptions): Promise<CreatedKey> {
    return this.#api.call('createKey', { body: key }, options);
  }

  /** All keys, without their secrets. */
  async list(options?: CallOptions): Promise<Key[]> {
    return (await this.#api.call('listKeys', {}, options)).data;
  }

  /** Revokes a key: its next request is refused, and its event streams end. */
  async revoke(id: string, options?: CallOptions): Promise<void> {
    await this.#api.call('deleteKey', { params: { id } }, options);
  }
}
