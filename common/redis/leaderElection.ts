import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { LuaScript } from './luaScript.ts';

/**
 * For work that one process of the cluster does at a time: the process that holds a key. It saves repeated work and keeps
 * order, and is no fence: a leader that was frozen may go on after its time, so the work must be harmless when done twice.
 */
export class LeaderElection {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #ttlMs: number;
  readonly #id = randomUUID();
  readonly #lead = new LuaScript(new URL('./lua/lead.lua', import.meta.url));

  /** @param options.ttlMs how long after its last call a leader still counts; longer than the pause between two calls */
  constructor(options: { redis: Redis; key: string; ttlMs: number }) {
    this.#redis = options.redis;
    this.#key = options.key;
    this.#ttlMs = options.ttlMs;
  }

  /** Whether this process leads, from now for `ttlMs`. Each call renews it. Rejects as the Redis connection does. */
  async lead(): Promise<boolean> {
    return (await this.#lead.run(this.#redis, [this.#key], [this.#id, this.#ttlMs])) === 1;
  }
}
