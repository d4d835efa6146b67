import { DelayedError, type Job, type Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../../common/createLogger.ts';
import { EntryParser } from '../../../common/redis/entryParser.ts';
import { parseJob } from '../../../common/redis/parseJob.ts';
import {
  createQueue,
  jobSchemas,
  queueNames,
  type RecordingJob,
  type RetentionJob,
  recordingJobId,
  recordingJobOptions,
  retentionJobOptions,
  streamJobId,
} from '../../../common/redis/queues.ts';
import type { StreamStore } from '../../../common/stream/streamStore.ts';
import { withDeadline } from '../../../common/withDeadline.ts';
import { completeRecording } from '../recording/completeRecording.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { PurgeFence } from './purgeFence.ts';
import { type PurgeOptions, purgeRun } from './purgeRun.ts';
import { trimFailedJobs } from './trimFailedJobs.ts';

/** The name of a recording's jobs; the others are purges. */
const RECORDING = 'recording';
const SCHEDULE_MS = 2_000;
const CLOSE_MS = 3_000;
/** A run that is still being ended gets this long. */
const NOT_YET_MS = 5_000;
/** Of failed jobs in Redis, all together: a long recording's playlists are 0.6 MB. */
const MAX_FAILED_BYTES = 64 * 1024 ** 2;

/**
 * What is still to be done for stopped runs, as durable jobs that any worker may run: their recordings made whole, and what
 * they left in the store deleted when its time has come.
 */
export class RetentionQueue {
  readonly #queue: Queue<RetentionJob | RecordingJob>;
  readonly #worker: Worker<RetentionJob | RecordingJob>;
  readonly #redis: Redis;
  readonly #fence: PurgeFence;
  readonly #store: ObjectStore;
  readonly #streams: StreamStore;
  readonly #retainMs: number;
  readonly #maxFailedBytes: number;
  readonly #log: Logger;
  readonly #entries: EntryParser;
  readonly #stopping = new AbortController();

  constructor(options: {
    /** Role `queue`; stays the caller's. */
    connection: Redis;
    /** Role `request`. */
    redis: Redis;
    store: ObjectStore;
    streams: StreamStore;
    /** From a run's end on; 0: for ever. */
    retainMs: number;
    entries?: EntryParser;
    /** Default: 64 MiB. */
    maxFailedBytes?: number;
    log: Logger;
  }) {
    const { connection } = options;
    this.#redis = options.redis;
    this.#fence = new PurgeFence(options.redis);
    this.#store = options.store;
    this.#streams = options.streams;
    this.#retainMs = options.retainMs;
    this.#maxFailedBytes = options.maxFailedBytes ?? MAX_FAILED_BYTES;
    this.#log = options.log;
    this.#entries = options.entries ?? new EntryParser({ log: options.log });
    this.#queue = createQueue<RetentionJob | RecordingJob>(queueNames.retention, connection, retentionJobOptions);
    this.#worker = new Worker<RetentionJob | RecordingJob>(
      queueNames.retention,
      (job, token) => this.#process(job, token),
      {
        connection,
        concurrency: 2,
        autorun: false,
      },
    );
    this.#worker.on('error', error =>
      this.#log.debug({ err: error }, 'connection of queue retention failed; it reconnects'),
    );
    this.#worker.on('failed', job => void this.#trim(job));
  }

  start(): void {
    void this.#worker
      .run()
      .catch(error =>
        this.#log.error({ err: error }, 'queue retention failed; this worker deletes no more stopped runs'),
      );
  }

  /** A run is about to be STOPPED. While Redis is away the job waits in memory, and this does not wait for it. */
  async schedule(job: RetentionJob): Promise<void> {
    if (this.#retainMs === 0) return;
    const added = this.#queue.add('purge', job, { jobId: streamJobId(job.streamId, job.run), delay: this.#retainMs });
    await withDeadline(added, SCHEDULE_MS, () => undefined);
  }

  /** A recording was not whole at its end. */
  async complete(job: RecordingJob): Promise<void> {
    const jobId = recordingJobId(job.streamId, job.run);
    const added = this.#queue.add(RECORDING, job, { ...recordingJobOptions, jobId });
    await withDeadline(added, SCHEDULE_MS, () => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await withDeadline(this.#worker.close(), CLOSE_MS, () => undefined);
    // close() never returns while Redis is away.
    void this.#worker.disconnect().catch(error => this.#log.debug({ err: error }, 'retention not disconnected'));
    void this.#queue.close().catch(error => this.#log.debug({ err: error }, 'retention queue not closed'));
  }

  /** Never rejects. */
  async #trim(job: Job<RetentionJob | RecordingJob> | undefined): Promise<void> {
    if (job?.finishedOn === undefined) return;
    try {
      const removed = await trimFailedJobs(this.#queue, this.#redis, this.#maxFailedBytes);
      if (removed.length > 0)
        this.#log.warn({ jobs: removed }, 'oldest failed retention jobs removed to bound their bytes');
    } catch (error) {
      this.#log.debug({ err: error }, 'failed retention jobs not trimmed; retry at the next failure');
    }
  }

  async #process(job: Job<RetentionJob | RecordingJob>, token: string | undefined): Promise<void> {
    if (job.name === RECORDING) return this.#complete(parseJob('retention', jobSchemas.recording, job, this.#entries));
    return this.#purge(job, parseJob('retention', jobSchemas.retention, job, this.#entries), token);
  }

  async #complete(job: RecordingJob): Promise<void> {
    const gaps = await completeRecording(this.#store, job, this.#stopping.signal);
    if (gaps > 0) throw new Error(`the recording of ${job.streamId} still has ${gaps} gaps`);
    this.#log.info({ streamId: job.streamId, run: job.run }, 'recording completed: all its segments are in the store');
  }

  async #purge(job: Job, data: RetentionJob, token: string | undefined): Promise<void> {
    const { streamId, run } = data;
    // The recording's playlists say what has to stay.
    if (await this.#isPending(recordingJobId(streamId, run))) return this.#again(job, token, NOT_YET_MS);
    const record = await this.#streams.get(streamId);
    if (record?.run === run && record.state !== 'STOPPED') return this.#again(job, token, NOT_YET_MS);
    const inUse =
      record !== undefined && record.run !== run && (record.state !== 'STOPPED' || (await this.#leaves(record)));
    const hold: PurgeOptions['hold'] = work => this.#fence.hold(streamId, record?.run, work);
    const againMs = await purgeRun(this.#store, { job: data, inUse, hold, signal: this.#stopping.signal });
    if (againMs !== undefined) {
      this.#log.debug({ streamId, run, inUse, againMs }, 'stopped run not deleted yet; checked again later');
      return this.#again(job, token, againMs);
    }
    this.#log.info({ streamId, run, inUse }, 'stopped run deleted from the store');
  }

  /** Whether a later run has objects in the store; its own job then takes the rest. */
  async #leaves(record: { streamId: string; run: string }): Promise<boolean> {
    return this.#isPending(streamJobId(record.streamId, record.run));
  }

  async #isPending(jobId: string): Promise<boolean> {
    const state = await this.#queue.getJobState(jobId);
    return state !== 'unknown' && state !== 'failed' && state !== 'completed';
  }

  async #again(job: Job, token: string | undefined, ms: number): Promise<never> {
    await job.moveToDelayed(Date.now() + ms, token);
    throw new DelayedError();
  }
}
