import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/keys.ts';
import { type StreamJob, streamJobId } from '../../common/queues.ts';
import type { StreamRecord } from '../../common/streamRecord.ts';
import type { StreamStore } from '../../common/streamStore.ts';

const PERIOD_MS = 5_000;
/** A run that nobody has held for this long may never have got its job (the API died between record and job). */
const GRACE_MS = 15_000;
/** After its lease ran out. One that has its job is left alone, so this costs nothing but a look. */
const LEASE_GRACE_MS = 1_000;

/** Gives a job back to every live run that has neither an owner nor a job. One worker of the cluster looks at a time. */
export class Reconciler {
  readonly #redis: Redis;
  readonly #streams: StreamStore;
  readonly #queue: Queue<StreamJob>;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;

  constructor(deps: { redis: Redis; streams: StreamStore; queue: Queue<StreamJob>; log: Logger }) {
    this.#redis = deps.redis;
    this.#streams = deps.streams;
    this.#queue = deps.queue;
    this.#log = deps.log;
  }

  start(): void {
    this.#timer = setInterval(() => void this.#look(), PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      if ((await this.#redis.set(keys.reconcile, '1', 'PX', PERIOD_MS - 500, 'NX')) !== 'OK') return;
      const now = Date.now();
      for (const stream of await this.#streams.live()) {
        const { leaseUntil, createdAt } = stream;
        const lost = leaseUntil === undefined ? now - createdAt > GRACE_MS : now - leaseUntil > LEASE_GRACE_MS;
        if (lost) await this.#requeue(stream);
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'not reconciled; next time');
    }
  }

  async #requeue({ streamId, run }: StreamRecord): Promise<void> {
    const jobId = streamJobId(streamId, run);
    const job = await this.#queue.getJob(jobId);
    const state = await job?.getState();
    if (job && state !== 'completed' && state !== 'failed') return;
    await job?.remove();
    await this.#queue.add('stream', { streamId, run }, { jobId });
    this.#log.warn({ streamId, run, state }, 'stream had no job; queued again');
  }
}
