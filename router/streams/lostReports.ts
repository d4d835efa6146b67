import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { LostWorkerScript } from '../../common/routers/lostWorkerScript.ts';

export interface LostStream {
  streamId: string;
  run: string;
  /** The fencing token of the worker that is gone. */
  token: string;
}

const AGAIN_MS = 1_000;

/** Reports lost workers to Redis, which ends their leases. Each token once, unless Redis did not answer. */
export class LostReports {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #script = new LostWorkerScript();
  readonly #reported = new Map<string, number>();

  /** @param redis role `request` */
  constructor(redis: Redis, log: Logger) {
    this.#redis = redis;
    this.#log = log;
  }

  async report(stream: LostStream): Promise<void> {
    const now = performance.now();
    const name = `${stream.streamId}/${stream.token}`;
    if (now - (this.#reported.get(name) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    if (this.#reported.size > 1_000) this.#reported.clear();
    this.#reported.set(name, now);
    try {
      const ended = await this.#script.run(this.#redis, stream);
      if (ended) this.#log.info({ streamId: stream.streamId, run: stream.run }, "a lost worker's lease is ended");
    } catch (error) {
      this.#reported.delete(name);
      this.#log.debug({ err: error }, 'lost worker not reported: Redis does not answer; its lease runs out by itself');
    }
  }
}
