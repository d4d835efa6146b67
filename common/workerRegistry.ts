import type { Redis } from 'ioredis';
import { keys } from './keys.ts';

/** Which workers are alive: each says so every few seconds, and is forgotten when it stops saying so. */
export class WorkerRegistry {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async heartbeat(worker: string, ttlMs: number): Promise<void> {
    const now = Date.now();
    await this.#redis
      .multi()
      .zadd(keys.workers, now + ttlMs, worker)
      .zremrangebyscore(keys.workers, '-inf', now)
      .expire(keys.workers, 86_400)
      .exec();
  }

  async leave(worker: string): Promise<void> {
    await this.#redis.zrem(keys.workers, worker);
  }

  async alive(): Promise<string[]> {
    return this.#redis.zrange(keys.workers, Date.now(), '+inf', 'BYSCORE');
  }
}
