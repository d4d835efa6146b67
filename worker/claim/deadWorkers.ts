import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { type StreamJob, streamJobId } from '../../common/redis/queues.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { StreamStore } from '../../common/stream/streamStore.ts';
import type { LeaseScripts } from './leaseScripts.ts';
import type { ProcessLiveness } from './processLiveness.ts';

const PERIOD_MS = 500;

/**
 * Gives the streams of this host's dead workers to other workers at once, instead of when lease and job expire: the kernel
 * shows which process is dead (processLiveness.ts). A process that is only frozen is not dead, and neither is one of another host.
 */
export class DeadWorkers {
  readonly #liveness: ProcessLiveness;
  readonly #streams: StreamStore;
  readonly #scripts: LeaseScripts;
  readonly #queue: Queue<StreamJob>;
  readonly #redis: Redis;
  readonly #log: Logger;
  /** Their marks, until all their streams are given back. */
  readonly #dead = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;

  constructor(deps: {
    liveness: ProcessLiveness;
    streams: StreamStore;
    scripts: LeaseScripts;
    queue: Queue<StreamJob>;
    /** Role `request`. */
    redis: Redis;
    log: Logger;
  }) {
    this.#liveness = deps.liveness;
    this.#streams = deps.streams;
    this.#scripts = deps.scripts;
    this.#queue = deps.queue;
    this.#redis = deps.redis;
    this.#log = deps.log;
  }

  start(): void {
    this.#liveness.onDead(mark => {
      this.#dead.add(mark);
      this.#log.warn({ process: mark }, 'a worker of this host has died; its streams are queued again');
    });
    this.#timer = setInterval(() => {
      this.#looking ??= this.#look().finally(() => {
        this.#looking = undefined;
      });
    }, PERIOD_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      await this.#liveness.alive();
      if (this.#dead.size === 0) return;
      const marks = [...this.#dead];
      for (const stream of await this.#streams.live()) {
        const process = marks.find(mark => stream.owner?.startsWith(`${mark}/`));
        if (process !== undefined) await this.#giveBack(stream, process);
      }
      for (const mark of marks) this.#dead.delete(mark);
    } catch (error) {
      this.#log.debug({ err: error }, 'streams of a dead worker not queued again yet; retry follows');
    }
  }

  async #giveBack({ streamId, run }: StreamRecord, process: string): Promise<void> {
    const jobId = streamJobId(streamId, run);
    // Read before the lease is free: what is taken after that is the next owner's.
    const lock = await this.#redis.get(`${this.#queue.toKey(jobId)}:lock`);
    if (!(await this.#scripts.forfeit(streamId, run, process))) return;
    const job = await this.#queue.getJob(jobId);
    if (!job) await this.#queue.add('stream', { streamId, run }, { jobId });
    // Without a lock it is about to be found stalled.
    else if (lock !== null) await job.moveToWait(lock);
    this.#log.info({ streamId, run }, 'stream of a dead worker queued again');
  }
}
