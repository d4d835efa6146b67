import type { Redis } from 'ioredis';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';
import { type RouterStatus, routerStatus } from './routerStatus.ts';

/** Which routers are alive: each sends a heartbeat every few seconds. All times are Redis's. */
export class RouterRegistry {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #beat = new LuaScript(new URL('./lua/heartbeat.lua', import.meta.url));
  readonly #living = new LuaScript(new URL('../workers/lua/living-workers.lua', import.meta.url));

  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  async heartbeat(status: RouterStatus, ttlMs: number): Promise<void> {
    await this.#beat.run(
      this.#redis,
      [keys.routers, keys.router(status.id)],
      [status.id, JSON.stringify(status), ttlMs],
    );
  }

  async leave(id: string): Promise<void> {
    await this.#redis.multi().zrem(keys.routers, id).del(keys.router(id)).exec();
  }

  /** All living routers, oldest first. A status that does not parse is left out. */
  async list(): Promise<RouterStatus[]> {
    const ids = (await this.#living.run(this.#redis, [keys.routers], [])) as string[];
    if (ids.length === 0) return [];
    const texts = await this.#redis.mget(ids.map(keys.router));
    return texts
      .flatMap((text, i) => {
        if (text === null) return [];
        return this.#entries.parse('router status', ids[i] ?? '', () => routerStatus.parse(JSON.parse(text))) ?? [];
      })
      .sort((a, b) => a.since - b.since || a.id.localeCompare(b.id));
  }
}
