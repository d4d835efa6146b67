import { setTimeout as wait } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import type { ApiKey } from './apiKey.ts';
import type { KeyStore } from './keyStore.ts';

/** Between two loads (ms): an unknown key id costs a load, and anybody can send one. */
const PAUSE_MS = 100;

export interface HeldKey extends ApiKey {
  /** Aborts when the key is revoked. */
  readonly revoked: AbortSignal;
}

interface Held {
  key: HeldKey;
  revoke: AbortController;
}

/**
 * The API keys that this process checks requests with: those of the configuration, and those of Redis as they were at the last load. They
 * are loaded when a change is published, when Redis is back, and by `refresh()`.
 */
export class KeyRing {
  readonly #store: KeyStore;
  readonly #subscriber: Redis;
  readonly #log: Logger;
  readonly #configured = new Map<string, Held>();
  #loaded = new Map<string, Held>();
  #version: string | undefined;
  #next: Promise<void> | undefined;
  #current: Promise<void> = Promise.resolve();
  #loadedAt = Number.NEGATIVE_INFINITY;

  /** @param deps.subscriber role `subscriber`; stays the caller's */
  constructor(deps: { store: KeyStore; subscriber: Redis; configured: readonly ApiKey[]; log: Logger }) {
    this.#store = deps.store;
    this.#subscriber = deps.subscriber;
    this.#log = deps.log;
    for (const key of deps.configured) this.#configured.set(key.id, hold(key));
  }

  /** The version of Redis's keys that are held; undefined before the first load. */
  get version(): string | undefined {
    return this.#version;
  }

  /** Subscribes, and loads what is there. Redis may be away: then the keys of the configuration are all there is. */
  async start(): Promise<void> {
    this.#subscriber.on('message', this.#onMessage);
    this.#subscriber.on('ready', this.#onReady);
    void this.#subscriber.subscribe(keys.apiKeys).catch(error => {
      this.#log.debug({ err: error }, 'not subscribed to API keys; ioredis subscribes when it reconnects');
    });
    await this.#refreshQuietly();
  }

  stop(): void {
    this.#subscriber.off('message', this.#onMessage);
    this.#subscriber.off('ready', this.#onReady);
  }

  find(id: string): HeldKey | undefined {
    return (this.#configured.get(id) ?? this.#loaded.get(id))?.key;
  }

  all(): HeldKey[] {
    const loaded = [...this.#loaded].filter(([id]) => !this.#configured.has(id));
    return [...this.#configured, ...loaded].map(([, { key }]) => key);
  }

  /** Resolves when a load that began after this call is done. Calls share loads. Throws `redis_unavailable`. */
  refresh(): Promise<void> {
    this.#next ??= this.#loadNext();
    return this.#next;
  }

  async #loadNext(): Promise<void> {
    await this.#current.catch(() => undefined);
    const pause = this.#loadedAt + PAUSE_MS - performance.now();
    if (pause > 0) await wait(pause);
    this.#next = undefined;
    this.#loadedAt = performance.now();
    this.#current = this.#load();
    return this.#current;
  }

  async #load(): Promise<void> {
    const { version, keys: found } = await this.#store.load();
    const before = this.#loaded;
    this.#loaded = new Map(
      found.map(key => {
        const held = before.get(key.id);
        return [key.id, held && isSame(held.key, key) ? held : hold(key)];
      }),
    );
    this.#version = version;
    for (const [id, held] of before) {
      if (this.#loaded.get(id) === held) continue;
      this.#log.info({ keyId: id }, 'an API key was revoked');
      held.revoke.abort();
    }
  }

  async #refreshQuietly(): Promise<void> {
    await this.refresh().catch(error => {
      this.#log.debug({ err: error }, 'the API keys could not be loaded; they are when Redis is back');
    });
  }

  readonly #onMessage = (channel: string): void => {
    if (channel === keys.apiKeys) void this.#refreshQuietly();
  };

  readonly #onReady = (): void => void this.#refreshQuietly();
}

function hold(key: ApiKey): Held {
  const revoke = new AbortController();
  return { key: { ...key, revoked: revoke.signal }, revoke };
}

/** A key that was deleted and made again has another secret. */
const isSame = (a: ApiKey, b: ApiKey): boolean => a.secret === b.secret && a.createdAt === b.createdAt;
