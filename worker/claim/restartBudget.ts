import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import { LuaScript } from '../../common/redis/luaScript.ts';
import type { StreamJob } from '../../common/redis/queues.ts';

export interface RestartLimits {
  /** Restarts that a run may have within the window. */
  restarts: number;
  windowMs: number;
}

/**
 * How often one run may be restarted: a sliding window in Redis, which outlives the worker. While Redis is away it goes on
 * with the restarts that this process has counted, since media does not wait.
 */
export class RestartBudget {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #limits: RestartLimits;
  readonly #onSpent: () => void;
  readonly #log: Logger;
  readonly #spend = new LuaScript(new URL('./lua/spend-restart.lua', import.meta.url));
  #remembered: number[] = [];

  /** @param options.redis fails fast (role `request` or `lease`) @param options.onSpent called for each restart */
  constructor(options: {
    redis: Redis;
    job: StreamJob;
    limits: RestartLimits;
    onSpent?: () => void;
    log: Logger;
  }) {
    this.#redis = options.redis;
    this.#key = keys.restarts(options.job.streamId, options.job.run);
    this.#limits = options.limits;
    this.#onSpent = options.onSpent ?? (() => undefined);
    this.#log = options.log;
  }

  /** Counts one restart. Resolves to how many are left; below 0 the budget was used up already. Never rejects. */
  async spend(cause: string): Promise<number> {
    this.#onSpent();
    const { restarts, windowMs } = this.#limits;
    const now = performance.now();
    this.#remembered = [...this.#remembered.filter(at => now - at < windowMs), now];
    let used = this.#remembered.length;
    try {
      used = Math.max(used, Number(await this.#spend.run(this.#redis, [this.#key], [randomUUID(), windowMs])));
    } catch (error) {
      this.#log.debug({ err: error }, 'restart counted in memory only; Redis does not answer');
    }
    const left = restarts - used;
    this.#log.warn({ cause, used, left }, 'restart counted; the stream has used part of its restart budget');
    return left;
  }

  /** The rule, for error messages. */
  get rule(): string {
    const { restarts, windowMs } = this.#limits;
    return `more than ${restarts} restart${restarts === 1 ? '' : 's'} within ${windowMs / 1000} s`;
  }
}
