import type { Redis } from 'ioredis';
import { keys } from '../redis/keys.ts';
import { LuaScript } from '../redis/luaScript.ts';

/** What an operator can drain. */
export type DrainSubject = { worker: string } | { node: string };

/** A drained worker that was silent for so long (ms), because Redis was away for one, is still drained. */
const SILENCE_MS = 86_400_000;

/** Which workers and nodes an operator has drained. A node's entry outlives its workers; a worker's goes with the worker. */
export class DrainedSet {
  static readonly silenceMs = SILENCE_MS;
  readonly #redis: Redis;
  readonly #drainWorker = new LuaScript(new URL('./lua/drain-worker.lua', import.meta.url));

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async set(subject: DrainSubject, isDrained: boolean): Promise<void> {
    if ('node' in subject) await this.#redis[isDrained ? 'sadd' : 'srem'](keys.drainedNodes, subject.node);
    else if (isDrained) await this.#drainWorker.run(this.#redis, [keys.drainedWorkers], [subject.worker, SILENCE_MS]);
    else await this.#redis.zrem(keys.drainedWorkers, subject.worker);
  }

  async read(): Promise<{ workers: ReadonlySet<string>; nodes: ReadonlySet<string> }> {
    const [workers, nodes] = await Promise.all([
      this.#redis.zrange(keys.drainedWorkers, 0, '-1'),
      this.#redis.smembers(keys.drainedNodes),
    ]);
    return { workers: new Set(workers), nodes: new Set(nodes) };
  }
}
