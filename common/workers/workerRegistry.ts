import type { Redis } from 'ioredis';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';
import { type WorkerStatus, workerStatus } from './workerStatus.ts';

/** A node that was not seen for so long is forgotten, whatever became of its queue (30 days). */
const NODES_TTL_SECONDS = 2_592_000;

/** Which workers are alive: each sends a heartbeat every few seconds. All times are Redis's, so that no host's clock matters. */
export class WorkerRegistry {
  readonly #redis: Redis;
  readonly #entries: EntryParser;
  readonly #beat = new LuaScript(new URL('./lua/heartbeat.lua', import.meta.url));
  readonly #living = new LuaScript(new URL('./lua/living-workers.lua', import.meta.url));

  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  async heartbeat(status: WorkerStatus, ttlMs: number): Promise<void> {
    await this.#beat.run(
      this.#redis,
      [keys.workers, keys.worker(status.id), keys.nodes],
      [status.id, status.node, JSON.stringify(status), ttlMs, NODES_TTL_SECONDS],
    );
  }

  async leave(id: string): Promise<void> {
    await this.#redis.multi().zrem(keys.workers, id).del(keys.worker(id)).exec();
  }

  /** What a living worker says of itself; undefined: it is gone, or its status does not parse. */
  async find(id: string): Promise<WorkerStatus | undefined> {
    const text = await this.#redis.get(keys.worker(id));
    if (text === null) return undefined;
    return this.#entries.parse('worker status', id, () => workerStatus.parse(JSON.parse(text)));
  }

  /** All living workers, oldest first. A status that does not parse is left out. */
  async list(): Promise<WorkerStatus[]> {
    const ids = (await this.#living.run(this.#redis, [keys.workers], [])) as string[];
    if (ids.length === 0) return [];
    const texts = await this.#redis.mget(ids.map(keys.worker));
    return texts
      .flatMap((text, i) => {
        if (text === null) return [];
        return this.#entries.parse('worker status', ids[i] ?? '', () => workerStatus.parse(JSON.parse(text))) ?? [];
      })
      .sort((a, b) => a.since - b.since || a.id.localeCompare(b.id));
  }
}
