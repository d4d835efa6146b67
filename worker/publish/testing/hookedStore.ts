import type { ObjectStore, PutOptions } from '../store/objectStore.ts';

type Put = () => Promise<{ etag: string }>;

/** A real store whose calls can be watched, delayed and made to fail on the way, as a network does it. For tests. */
export class HookedStore implements ObjectStore {
  readonly #store: ObjectStore;
  /** PUTs as they were sent: key, text of playlists, performance.now(). */
  readonly puts: { key: string; text: string; at: number }[] = [];
  /** Stands between a PUT and the store; `put` carries it out. */
  onPut: (put: Put, key: string, options: PutOptions) => Promise<{ etag: string }> = put => put();
  /** Called before every reading call. */
  onRead: (key: string) => void = () => undefined;
  /** Stands between a GET's answer and the caller. */
  onReadLater: (key: string) => Promise<void> = async () => undefined;
  /** Stands between a delete and the store. */
  onDelete: (keys: readonly string[]) => Promise<void> = async () => undefined;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  put(key: string, body: Buffer | string, options: PutOptions): Promise<{ etag: string }> {
    this.puts.push({ key, text: typeof body === 'string' ? body : '', at: performance.now() });
    return this.onPut(() => this.#store.put(key, body, options), key, options);
  }

  async get(key: string, options?: { signal?: AbortSignal }) {
    this.onRead(key);
    const found = await this.#store.get(key, options);
    await this.onReadLater(key);
    return found;
  }

  async head(key: string, options?: { signal?: AbortSignal }) {
    this.onRead(key);
    return this.#store.head(key, options);
  }

  async delete(keys: readonly string[], options?: { signal?: AbortSignal }) {
    await this.onDelete(keys);
    return this.#store.delete(keys, options);
  }

  list(prefix: string, options?: { signal?: AbortSignal }) {
    this.onRead(prefix);
    return this.#store.list(prefix, options);
  }

  probeConditionalPut(signal?: AbortSignal) {
    return this.#store.probeConditionalPut(signal);
  }

  publicUrl(key: string): string {
    return this.#store.publicUrl(key);
  }

  close(): void {
    this.#store.close();
  }
}
