import type { Redis } from 'ioredis';
import { alignedInterval } from '../alignedInterval.ts';
import type { Logger } from '../createLogger.ts';
import { keys } from '../redis/keys.ts';
import type { Metrics } from './createMetrics.ts';

const PERIOD_MS = 5_000;
const TTL_MS = 15_000;

/** Puts a process's metrics into Redis every five seconds, from where every API process shows them. */
export class MetricReports {
  readonly #redis: Redis;
  readonly #id: string;
  readonly #metrics: Pick<Metrics, 'snapshot'>;
  readonly #log: Logger;
  #stopTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;

  /** @param options.redis role `request` @param options.id as in the registry of workers or routers */
  constructor(options: { redis: Redis; id: string; metrics: Pick<Metrics, 'snapshot'>; log: Logger }) {
    this.#redis = options.redis;
    this.#id = options.id;
    this.#metrics = options.metrics;
    this.#log = options.log;
  }

  start(): void {
    this.#stopTimer ??= alignedInterval(PERIOD_MS, () => this.report());
  }

  /** Writes them now. One write is under way at a time. */
  report(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  async stop(): Promise<void> {
    this.#stopTimer?.();
    await this.#writing;
    // One that stays expires.
    await this.#redis.del(keys.metrics(this.#id)).catch(() => undefined);
  }

  async #write(): Promise<void> {
    try {
      const text = JSON.stringify(await this.#metrics.snapshot());
      await this.#redis.set(keys.metrics(this.#id), text, 'PX', TTL_MS);
    } catch (error) {
      this.#log.debug({ err: error }, 'metrics not written; Redis does not answer');
    }
  }
}
