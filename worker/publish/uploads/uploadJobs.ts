import { basename } from 'node:path';
import type { Job, JobState, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { createQueue, queueNames, type UploadJob, uploadJobOptions } from '../../../common/redis/queues.ts';
import { RedisPresence } from './redisPresence.ts';

/** BullMQ takes jobs without a priority before all that have one. */
const LATE_PRIORITY = 10;

/** Unique: a run is, and a file's name is within it. Job ids may not hold a colon. */
export const uploadJobId = (job: Pick<UploadJob, 'run' | 'file'>): string => `${job.run}.${basename(job.file)}`;

/** The upload has been tried without a job, once. */
export interface FailedAttempt {
  pauseMs: number;
  attemptsLeft: number;
}

/** The jobs of queue `uploads-<node>`. Every call throws RedisAway after half a second, or at once while Redis is away. */
export class UploadJobs {
  readonly #queue: Queue<UploadJob>;
  readonly #connection: Redis;
  readonly #presence: RedisPresence;

  constructor(options: {
    node: string;
    /** Role `queue`; stays the caller's. */
    connection: Redis;
    attempts: number;
    backoffMs: number;
    /** Redis answers (again). */
    onBack: () => void;
  }) {
    this.#connection = options.connection;
    this.#queue = createQueue<UploadJob>(
      queueNames.uploads(options.node),
      options.connection,
      uploadJobOptions(options),
    );
    this.#presence = new RedisPresence(options.connection, options.onBack);
  }

  async ping(): Promise<void> {
    await this.#presence.ask(() => this.#connection.ping());
  }

  /** Does nothing when the queue has the job already, whatever became of it. */
  async add(job: UploadJob, options: { late: boolean; after?: FailedAttempt }): Promise<void> {
    const { late, after } = options;
    const given = {
      jobId: uploadJobId(job),
      ...(late ? { priority: LATE_PRIORITY } : {}),
      ...(after ? { delay: after.pauseMs, attempts: after.attemptsLeft } : {}),
    };
    await this.#presence.ask(() => this.#queue.add('upload', job, given));
  }

  async stateOf(job: UploadJob): Promise<JobState | 'unknown'> {
    return this.#presence.ask(() => this.#queue.getJobState(uploadJobId(job)));
  }

  /** Why a job has failed; undefined: Redis does not have it. */
  async failureOf(job: UploadJob): Promise<string | undefined> {
    return (await this.#get(job))?.failedReason;
  }

  /** Rejects when it is being run, too. */
  async remove(job: Pick<UploadJob, 'run' | 'file'>): Promise<void> {
    await this.#presence.ask(() => this.#queue.remove(uploadJobId(job)));
  }

  /** Ends a job's pause between two attempts. */
  async promote(job: UploadJob): Promise<void> {
    const queued = await this.#get(job);
    if (await queued?.isDelayed()) await queued?.promote();
  }

  /** Lets go of the connection, which is the caller's. Does not wait for Redis: with it away that would be for ever. */
  close(): Promise<void> {
    this.#presence.close();
    return this.#queue.close();
  }

  #get(job: UploadJob): Promise<Job<UploadJob> | undefined> {
    return this.#presence.ask(() => this.#queue.getJob(uploadJobId(job)));
  }
}
