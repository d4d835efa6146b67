import { DelayedError, type Job, UnrecoverableError } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../../common/createLogger.ts';
import { EntryParser } from '../../../common/redis/entryParser.ts';
import { keys } from '../../../common/redis/keys.ts';
import { parseJob } from '../../../common/redis/parseJob.ts';
import { jobSchemas, queueNames, type UploadJob } from '../../../common/redis/queues.ts';
import { withDeadline } from '../../../common/withDeadline.ts';
import { StoreError } from '../store/storeError.ts';
import { PullingWorker } from './pullingWorker.ts';
import type { SegmentUploader } from './segmentUploader.ts';
import { DELAYS, isFinal } from './uploadPolicy.ts';
import type { UploadWaiters } from './uploadWaiters.ts';

/** A dead process's uploads are taken over after 10 to 40 s; being slow is no reason to lose a job. */
const settings = { lockDuration: 30_000, stalledInterval: 10_000, maxStalledCount: 5 };
const CLOSE_MS = 3_000;

/** Runs jobs of queue `uploads-<node>` and tells who waits. */
export class UploadWorker {
  readonly #worker: PullingWorker<UploadJob>;
  readonly #concurrency: number;
  readonly #connection: Redis;
  readonly #channel: string;
  readonly #uploader: SegmentUploader;
  readonly #waiters: UploadWaiters;
  readonly #log: Logger;
  readonly #entries: EntryParser;
  readonly #stopping = new AbortController();

  constructor(options: {
    node: string;
    connection: Redis;
    uploader: SegmentUploader;
    waiters: UploadWaiters;
    concurrency: number;
    entries?: EntryParser;
    log: Logger;
  }) {
    this.#connection = options.connection;
    this.#concurrency = options.concurrency;
    this.#channel = keys.storedChannel(options.node);
    this.#uploader = options.uploader;
    this.#waiters = options.waiters;
    this.#log = options.log;
    this.#entries = options.entries ?? new EntryParser({ log: options.log });
    const process = (job: Job<UploadJob>, token: string | undefined) => this.#process(job, token);
    this.#worker = new PullingWorker<UploadJob>(queueNames.uploads(options.node), process, {
      connection: options.connection,
      autorun: false,
      ...settings,
    });
    this.#worker.on('error', error => this.#log.debug({ err: error }, 'upload queue'));
  }

  start(): void {
    this.#worker.begin(this.#concurrency);
  }

  /** A job was added to the queue, that may be taken now, or after its pause. */
  pull(pauseMs = 0): void {
    if (pauseMs > 0) this.#worker.pullAfter(pauseMs);
    else this.#worker.pull();
  }

  /** Lets uploads that are under way end, for a few seconds. Resolves also when Redis is away. */
  async stop(): Promise<void> {
    const closed = this.#worker.drain().then(() => this.#worker.close());
    await withDeadline(closed, CLOSE_MS, () => undefined);
    this.#stopping.abort();
    // close() never returns while Redis is away, and its connection would go on for ever.
    void this.#worker.disconnect().catch(error => this.#log.debug({ err: error }, 'upload worker not disconnected'));
  }

  async #process(job: Job<UploadJob>, token: string | undefined): Promise<void> {
    const data = parseJob('uploads', jobSchemas.upload, job, this.#entries);
    const { streamId, key } = data;
    try {
      await this.#uploader.put(data, this.#stopping.signal);
    } catch (error) {
      throw await this.#failed(job, token, error as Error);
    }
    // Told before BullMQ has noted it, which costs a round trip to a Redis that may even be away.
    if (this.#waiters.settle(key, { kind: 'stored' })) return;
    await this.#connection.publish(this.#channel, `${streamId} ${key}`);
  }

  /** What the job is to end with: BullMQ tries again after an ordinary error. */
  async #failed(job: Job<UploadJob>, token: string | undefined, error: Error): Promise<Error> {
    const { key, streamId } = job.data;
    const kind = error instanceof StoreError ? error.kind : undefined;
    this.#log.warn({ err: error, streamId, key, attempt: job.attemptsMade + 1 }, 'upload failed');
    if (error instanceof StoreError && error.retryAfterMs !== undefined && job.attemptsStarted < DELAYS) {
      await job.moveToDelayed(Date.now() + error.retryAfterMs, token);
      return new DelayedError();
    }
    const permanent = isFinal(error);
    if (permanent || job.attemptsMade + 1 >= (job.opts.attempts ?? 1))
      this.#waiters.settle(key, { kind: 'failed', error });
    return permanent ? new UnrecoverableError(failureText(kind, error)) : error;
  }
}

/** The job's `failedReason`, which another process reads back (uploadFailure.ts). */
const failureText = (kind: string | undefined, error: Error): string =>
  kind === undefined ? error.message : `${kind}: ${error.message}`;
