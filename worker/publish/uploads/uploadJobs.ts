import { basename } from 'node:path';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createQueue, queueNames, type UploadJob, uploadJobOptions } from '../../../common/redis/queues.ts';
import { RedisPresence } from '../../../common/redis/redisPresence.ts';
import type { UploadOutcome } from './uploadOutcome.ts';
import { failureOf } from './uploadPolicy.ts';

/** BullMQ job option `priority`: jobs without one are taken before all that have one. */
const LATE_PRIORITY = 10;

type Id = Pick<UploadJob, 'run' | 'file'>;

/** BullMQ job option `jobId`, without a colon. Unique: a run is, and a file's name is within it. */
export const uploadJobId = (job: Id): string => `${job.run}.${basename(job.file)}`;

/** The upload has been tried once without a job. */
export interface FailedAttempt {
  pauseMs: number;
  attemptsLeft: number;
}

/** The jobs of queue `uploads-<node>`. Every call throws RedisAway after half a second, or at once while Redis is away. */
export class UploadJobs {
  readonly #queue: Queue<UploadJob>;
  readonly #connection: Redis;
  readonly #presence: RedisPresence;

  /** @param options.attempts, backoffMs BullMQ job options `attempts` and `backoff` (exponential) */
  constructor(options: {
    node: string;
    /** Role `queue`; stays the caller's. */
    connection: Redis;
    attempts: number;
    backoffMs: number;
    /** Redis answers (again). */
    onBack: () => void;
  }) {
    const { node, connection, onBack } = options;
    this.#connection = connection;
    this.#queue = createQueue<UploadJob>(queueNames.uploads(node), connection, uploadJobOptions(options));
    this.#presence = new RedisPresence(connection, onBack);
  }

  async ping(): Promise<void> {
    await this.#presence.ask(() => this.#connection.ping());
  }

  /** Does nothing when the queue has the job already, also one that has ended. `after`: BullMQ's `delay` and `attempts`. */
  async add(job: UploadJob, { late, after }: { late: boolean; after?: FailedAttempt | undefined }): Promise<void> {
    const given = {
      jobId: uploadJobId(job),
      ...(late ? { priority: LATE_PRIORITY } : {}),
      ...(after ? { delay: after.pauseMs, attempts: after.attemptsLeft } : {}),
    };
    await this.#presence.ask(() => this.#queue.add('upload', job, given));
  }

  /** The outcome of the job; undefined while it waits or runs; `unknown` when Redis does not have it. */
  async outcomeOf(job: Id): Promise<UploadOutcome | 'unknown' | undefined> {
    const state = await this.#presence.ask(() => this.#queue.getJobState(uploadJobId(job)));
    if (state === 'completed') return { kind: 'stored' };
    if (state === 'failed') return { kind: 'failed', error: failureOf((await this.#get(job))?.failedReason) };
    return state === 'unknown' ? state : undefined;
  }

  /** Removes the job, whose id would keep the file from being queued again. False while a process holds its lock. */
  async remove(job: Id): Promise<boolean> {
    return (await this.#presence.ask(() => this.#queue.remove(uploadJobId(job)))) !== 0;
  }

  /** Ends the job's pause between two attempts. */
  async promote(job: Id): Promise<void> {
    const queued = await this.#get(job);
    if (await queued?.isDelayed()) await queued?.promote();
  }

  /** Does not end the connection. With Redis away it takes until Redis is back. */
  close(): Promise<void> {
    this.#presence.close();
    return this.#queue.close();
  }

  #get(job: Id): Promise<Job<UploadJob> | undefined> {
    return this.#presence.ask(() => this.#queue.getJob(uploadJobId(job)));
  }
}
