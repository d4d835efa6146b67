import type { Redis } from 'ioredis';
import { EntryParser } from '../redis/entryParser.ts';
import { keys } from '../redis/keys.ts';
import { type WorkerStatus, workerStatus } from './workerStatus.ts';

/** A node that was not seen for so long is forgotten, whatever became of its queue (30 days). */
const NODES_TTL_SECONDS = 2_592_000;

/** Which workers are alive: each says so every few seconds, and is forgotten when it stops saying so. */
export class WorkerRegistry {
  readonly #redis: Redis;
  readonly #entries: EntryParser;

  constructor(redis: Redis, entries = new EntryParser()) {
    this.#redis = redis;
    this.#entries = entries;
  }

  async heartbeat(status: WorkerStatus, ttlMs: number): Promise<void> {
    const now = Date.now();
    await this.#redis
      .multi()
      .zadd(keys.workers, now + ttlMs, status.id)
      .zremrangebyscore(keys.workers, '-inf', now)
      .expire(keys.workers, 86_400)
      .set(keys.worker(status.id), JSON.stringify(status), 'PX', ttlMs)
      .zadd(keys.nodes, now, status.node)
      .expire(keys.nodes, NODES_TTL_SECONDS)
      .exec();
  }

  async leave(id: string): Promise<void> {
    await this.#redis.multi().zrem(keys.workers, id).del(keys.worker(id)).exec();
  }

  /** All living workers, oldest first. A status that does not parse is left out. */
  async list(): Promise<WorkerStatus[]> {
    const ids = await this.#redis.zrange(keys.workers, Date.now(), '+inf', 'BYSCORE');
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
