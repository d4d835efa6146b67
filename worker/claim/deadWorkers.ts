import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import { keys } from '../../common/redis/keys.ts';
import { type StreamJob, streamJobId } from '../../common/redis/queues.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { StreamStore } from '../../common/stream/streamStore.ts';
import type { LeaseScripts } from './leaseScripts.ts';
import type { ProcessLiveness } from './processLiveness.ts';

const PERIOD_MS = 500;
/** What the name of an owner ends with whose lease was ended for it. */
const DEAD = '/dead';
/** Longer than a job takes to be queued again, shorter than its lock lasts. */
const REQUEUE_MS = 5_000;

/**
 * Gives the streams of this host's dead workers to other workers at once, instead of when lease and job expire: the kernel
 * shows which process is dead (processLiveness.ts). A process that is only frozen is not dead, and neither is one of another host,
 * unless a router reports it.
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
        if (process === undefined) continue;
        await this.#queueAgain(stream, () => this.#scripts.forfeit(stream.streamId, stream.run, process));
      }
      for (const mark of marks) this.#dead.delete(mark);
    } catch (error) {
      this.#log.debug({ err: error }, 'streams of a dead worker not queued again yet; retry follows');
    }
  }

  /** A router has ended the lease of a stream whose worker, of any host, it found gone: its job is free as well. */
  async takeBack(streamId: string): Promise<void> {
    try {
      const stream = await this.#streams.get(streamId);
      const isLost = async () => (await this.#streams.get(streamId))?.owner === stream?.owner;
      if (stream?.owner?.endsWith(DEAD)) await this.#queueAgain(stream, isLost);
    } catch (error) {
      this.#log.debug(
        { err: error, streamId },
        "a lost worker's stream not queued again; its job's lock runs out by itself",
      );
    }
  }

  /** @param isFree ends the lease, or finds it ended; false: another owner has it */
  async #queueAgain({ streamId, run, token }: StreamRecord, isFree: () => Promise<boolean>): Promise<void> {
    // One worker of all: a second one would take the job from the next owner.
    if ((await this.#redis.set(keys.requeued(streamId, token), '1', 'PX', REQUEUE_MS, 'NX')) === null) return;
    const jobId = streamJobId(streamId, run);
    // Read before the lease is free: what is taken after that is the next owner's.
    const lock = await this.#redis.get(`${this.#queue.toKey(jobId)}:lock`);
    if (!(await isFree())) return;
    const job = await this.#queue.getJob(jobId);
    if (!job) await this.#queue.add('stream', { streamId, run }, { jobId });
    // Without a lock it is about to be found stalled.
    else if (lock !== null) await job.moveToWait(lock);
    this.#log.info({ streamId, run }, 'stream of a dead worker queued again');
  }
}
