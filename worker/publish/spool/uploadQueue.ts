import { basename } from 'node:path';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../../common/createLogger.ts';
import { keys } from '../../../common/keys.ts';
import { createQueue, queueNames, type UploadJob, uploadJobOptions } from '../../../common/queues.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import type { Spool } from './spool.ts';
import { uploadFailure } from './uploadFailure.ts';
import { type UploadOutcome, UploadWaiters } from './uploadWaiters.ts';
import { UploadWorker } from './uploadWorker.ts';

const CHECK_MS = 1_000;
/** A message that another process stored it may be lost; after this the job itself is asked. */
const OVERDUE_MS = 2_000;
/** BullMQ takes jobs without a priority before all that have one. */
const LATE_PRIORITY = 10;

/** Unique: a run is, and a file's name is within it. Job ids may not hold a colon. */
export const uploadJobId = (job: UploadJob): string => `${job.run}.${basename(job.file)}`;

/**
 * This process's end of its node's upload queue. Any worker process of the node may run a job; whoever waits for it is
 * told in the process, by pub/sub, or at the latest by asking for the job's state.
 */
export class UploadQueue {
  readonly #queue: Queue<UploadJob>;
  readonly #subscriber: Redis;
  readonly #worker: UploadWorker;
  readonly #waiters = new UploadWaiters();
  /** Jobs that somebody waits for; `added` once Redis has them. */
  readonly #jobs = new Map<string, { job: UploadJob; late: boolean; added: boolean }>();
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  #stopping: Promise<void> | undefined;

  constructor(options: {
    node: string;
    /** Role `queue`; stays the caller's. */
    connection: Redis;
    /** Role `subscriber`; stays the caller's. */
    subscriber: Redis;
    store: ObjectStore;
    /** The store was probed and holds conditional PUTs. */
    fences: boolean;
    spool: Spool;
    attempts: number;
    backoffMs: number;
    /** Uploads at a time; each holds its file in memory. */
    concurrency: number;
    log: Logger;
  }) {
    const { node, connection, subscriber, attempts, backoffMs, log } = options;
    this.#log = log;
    this.#subscriber = subscriber;
    this.#queue = createQueue<UploadJob>(
      queueNames.uploads(node),
      connection,
      uploadJobOptions({ attempts, backoffMs }),
    );
    this.#worker = new UploadWorker({ ...options, waiters: this.#waiters });
  }

  /** Begins to take jobs. Does not wait for Redis. */
  start(): void {
    this.#worker.start();
    this.#subscriber.on('message', this.#onMessage);
    void this.#subscriber.subscribe(keys.storedChannel).catch(error => {
      this.#log.debug({ err: error }, 'not subscribed; uploads of other processes are seen by asking');
    });
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
  }

  /** Uploads a file of the spool; while Redis is away the job waits in memory. Never rejects. */
  async upload(job: UploadJob, signal?: AbortSignal): Promise<UploadOutcome> {
    return this.#upload(job, signal, false);
  }

  /** The same for a file that could not be stored in time, after everything live; a job of it that has ended begins anew. */
  async uploadLate(job: UploadJob, signal: AbortSignal): Promise<UploadOutcome> {
    return this.#upload(job, signal, true);
  }

  async #upload(job: UploadJob, signal: AbortSignal | undefined, late: boolean): Promise<UploadOutcome> {
    const outcome = this.#waiters.wait(job.key, signal);
    this.#jobs.set(job.key, { job, late, added: false });
    if (!signal?.aborted) void this.#add(job);
    try {
      return await outcome;
    } finally {
      this.#jobs.delete(job.key);
    }
  }

  /** Takes no more jobs; ends those under way. What is still queued stays queued, for the node's other workers or later. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#subscriber.off('message', this.#onMessage);
    await this.#worker.stop();
    for (const key of this.#jobs.keys()) this.#waiters.settle(key, { kind: 'abandoned' });
    // Only lets go of the connection, which is the caller's; with Redis away it would wait for ever.
    void this.#queue.close().catch(error => this.#log.debug({ err: error }, 'upload queue not closed'));
  }

  readonly #onMessage = (channel: string, message: string): void => {
    if (channel === keys.storedChannel)
      this.#waiters.settle(message.slice(message.indexOf(' ') + 1), { kind: 'stored' });
  };

  async #add(job: UploadJob): Promise<void> {
    const waiting = this.#jobs.get(job.key);
    try {
      const jobId = uploadJobId(job);
      if (waiting?.late) await this.#clear(jobId);
      await this.#queue.add('upload', job, { jobId, ...(waiting?.late ? { priority: LATE_PRIORITY } : {}) });
    } catch (error) {
      this.#log.warn({ err: error, key: job.key }, 'upload not queued yet');
    }
    // Also after an error: the check then finds no such job and adds it again.
    if (waiting) waiting.added = true;
  }

  /** Removes a job that has ended, or its id would keep the file from being queued again. */
  async #clear(jobId: string): Promise<void> {
    const state = await this.#queue.getJobState(jobId);
    if (state === 'completed' || state === 'failed') await this.#queue.remove(jobId);
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      for (const key of this.#waiters.overdue(OVERDUE_MS)) {
        const waiting = this.#jobs.get(key);
        if (waiting?.added) await this.#checkJob(waiting.job);
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'upload jobs cannot be asked for');
    } finally {
      this.#checking = false;
    }
  }

  async #checkJob(job: UploadJob): Promise<void> {
    const id = uploadJobId(job);
    const state = await this.#queue.getJobState(id);
    if (!this.#waiters.has(job.key)) return;
    if (state === 'completed') this.#waiters.settle(job.key, { kind: 'stored' });
    // Redis has lost it, or its record is gone already; a second PUT of the same bytes does no harm.
    if (state === 'unknown') await this.#add(job);
    if (state !== 'failed') return;
    const failed = await this.#queue.getJob(id);
    this.#waiters.settle(job.key, { kind: 'failed', error: uploadFailure(failed?.failedReason) });
  }
}
