import type { Redis } from 'ioredis';
import { z } from 'zod';
import { keyId, scopes } from '../../common/config/apiKeys.ts';
import { AppError } from '../../common/errors.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import { askRedis } from '../http/askRedis.ts';
import type { ApiKey } from './apiKey.ts';
import type { KeySeal } from './keySeal.ts';

const MOST = 1_000;
const count = z.int().min(1).optional();
const ms = z.number().min(0).max(8.64e15);

const stored = z.object({
  about: z.object({
    id: keyId,
    scopes: z.array(z.enum(scopes)),
    notAfter: ms.optional(),
    requestsPerMinute: count,
    maxStreams: count,
    startsPerMinute: count,
    createdAt: ms,
  }),
  sealed: z.string(),
});

/** The API keys in Redis, their secrets sealed. Each change gives the whole a new version, which is published. */
export class KeyStore {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #seal: KeySeal;
  readonly #add = new LuaScript(new URL('./lua/add-key.lua', import.meta.url));
  readonly #remove = new LuaScript(new URL('./lua/remove-key.lua', import.meta.url));

  /** @param deps.redis fail-fast (role `request`) */
  constructor(deps: { redis: Redis; entries: EntryParser; seal: KeySeal }) {
    this.#redis = deps.redis;
    this.#entries = deps.entries;
    this.#seal = deps.seal;
  }

  /** All of them, and their version ('': there has never been one). A key that does not open is skipped and counted. */
  async load(): Promise<{ version: string; keys: ApiKey[] }> {
    const [version, hash] = (await askRedis(() =>
      this.#redis.multi().get(keys.apiKeysVersion).hgetall(keys.apiKeys).exec(),
    )) as [[Error | null, string | null], [Error | null, Record<string, string>]];
    if (version[0] ?? hash[0]) throw version[0] ?? hash[0];
    const found = Object.entries(hash[1]).map(([id, text]) =>
      this.#entries.parse('API key', id, () => this.#parse(id, text)),
    );
    return { version: version[1] ?? '', keys: found.filter(key => key !== undefined) };
  }

  /** Throws `key_exists` when there is a key of that id, and `quota` when there are 1,000. */
  async add(key: ApiKey & { createdAt: number }): Promise<void> {
    const { secret, source: _source, ...about } = key;
    const text = JSON.stringify({ about, sealed: this.#seal.seal(secret, JSON.stringify(about)) });
    const added = await askRedis(() =>
      this.#add.run(this.#redis, [keys.apiKeys, keys.apiKeysVersion], [key.id, text, MOST, keys.apiKeys]),
    );
    if (added === 0) throw new AppError('key_exists', `there is a key "${key.id}" already`);
    if (added === 2) throw new AppError('quota', `there are ${MOST} keys already; delete those that nobody uses`);
  }

  /** False when there is no such key. */
  async remove(id: string): Promise<boolean> {
    const script = () => this.#remove.run(this.#redis, [keys.apiKeys, keys.apiKeysVersion], [id, keys.apiKeys]);
    return (await askRedis(script)) === 1;
  }

  #parse(id: string, text: string): ApiKey {
    const { about, sealed } = stored.parse(JSON.parse(text));
    if (about.id !== id) throw new Error('its id is another than the name of its field');
    return { ...about, secret: this.#seal.open(sealed, JSON.stringify(about)), source: 'api' };
  }
}
