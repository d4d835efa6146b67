import { DelayedError, type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { Logger } from '../../../common/createLogger.ts';
import { EntryParser } from '../../../common/redis/entryParser.ts';
import { keys } from '../../../common/redis/keys.ts';
import { parseJob } from '../../../common/redis/parseJob.ts';
import { jobSchemas, queueNames, type UploadJob } from '../../../common/redis/queues.ts';
import { withDeadline } from '../../../common/withDeadline.ts';
import type { UploadOutcome } from './uploadOutcome.ts';
import { DELAYS, failureText, isFinal, retryAfter } from './uploadPolicy.ts';

/**
 * BullMQ worker options. `lockDuration` and `stalledInterval` (ms): a dead process's uploads are taken over after 10 to
 * 40 s. `maxStalledCount`: a slow process is no reason to lose a job.
 */
const settings = { lockDuration: 30_000, stalledInterval: 10_000, maxStalledCount: 5 };
const CLOSE_MS = 3_000;

interface WorkerOptions {
  node: string;
  /** Role `queue`; stays the caller's. */
  connection: Redis;
  /** Role `subscriber`; stays the caller's. */
  subscriber: Redis;
  put: (job: UploadJob, signal: AbortSignal) => Promise<void>;
  /** False when nothing in this process waits for the key. */
  settle: (key: string, outcome: UploadOutcome) => boolean;
  /** Jobs at a time (BullMQ `concurrency`); each holds its file in memory. */
  concurrency: number;
  /** Counts payloads that do not parse. */
  entries?: EntryParser;
  log: Logger;
}

/** Runs jobs of queue `uploads-<node>`. The outcome goes to this process's own upload, or by pub/sub to another process's. */
export class UploadWorker {
  readonly #options: WorkerOptions;
  readonly #worker: Worker<UploadJob>;
  readonly #channel: string;
  readonly #entries: EntryParser;
  readonly #log: Logger;
  readonly #stopping = new AbortController();

  constructor(options: WorkerOptions) {
    const { node, connection, concurrency, log } = options;
    this.#options = options;
    this.#channel = keys.storedChannel(node);
    this.#entries = options.entries ?? new EntryParser({ log });
    this.#log = log;
    // BullMQ hands the token only to a processor that declares it.
    const process = (job: Job<UploadJob>, token: string | undefined) => this.#process(job, token);
    const bullmq = { connection, concurrency, autorun: false, ...settings };
    this.#worker = new Worker<UploadJob>(queueNames.uploads(node), process, bullmq);
    this.#worker.on('error', error =>
      log.debug({ err: error }, 'connection of the upload queue failed; it reconnects'),
    );
  }

  /** Does not wait for Redis. */
  start(): void {
    this.#worker
      .run()
      .catch(error => this.#log.warn({ err: error }, 'queue of uploads failed; uploading without jobs'));
    const { subscriber } = this.#options;
    subscriber.on('message', this.#onMessage);
    void subscriber.subscribe(this.#channel).catch(error => {
      this.#log.debug({ err: error }, 'not subscribed to upload results; they are polled instead');
    });
  }

  /** Lets uploads that are under way end, for a few seconds. Resolves also when Redis is away. */
  async stop(): Promise<void> {
    this.#options.subscriber.off('message', this.#onMessage);
    await withDeadline(this.#worker.close(), CLOSE_MS, () => undefined);
    this.#stopping.abort();
    // close() never returns while Redis is away, and its connection would go on for ever.
    void this.#worker.disconnect().catch(error => this.#log.debug({ err: error }, 'upload worker not disconnected'));
  }

  readonly #onMessage = (channel: string, message: string): void => {
    if (channel !== this.#channel) return;
    const key = this.#entries.parse('stored message', channel, () => storedKey(message));
    if (key !== undefined) this.#options.settle(key, { kind: 'stored' });
  };

  async #process(job: Job<UploadJob>, token: string | undefined): Promise<void> {
    const data = parseJob('uploads', jobSchemas.upload, job, this.#entries);
    const { streamId, key } = data;
    try {
      await this.#options.put(data, this.#stopping.signal);
    } catch (error) {
      throw await this.#failed(job, token, error as Error);
    }
    // Before BullMQ has noted it, which costs a round trip to a Redis that may even be away.
    if (this.#options.settle(key, { kind: 'stored' })) return;
    await this.#options.connection.publish(this.#channel, `${streamId} ${key}`);
  }

  /** What the job is to end with: BullMQ tries again after an ordinary error. */
  async #failed(job: Job<UploadJob>, token: string | undefined, error: Error): Promise<Error> {
    const { key, streamId } = job.data;
    this.#log.warn({ err: error, streamId, key, attempt: job.attemptsMade + 1 }, 'upload failed');
    const pauseMs = retryAfter(error);
    if (pauseMs !== undefined && job.attemptsStarted < DELAYS) {
      await job.moveToDelayed(Date.now() + pauseMs, token);
      return new DelayedError();
    }
    const final = isFinal(error);
    if (final || job.attemptsMade + 1 >= (job.opts.attempts ?? 1)) this.#options.settle(key, { kind: 'failed', error });
    return final ? new UnrecoverableError(failureText(error)) : error;
  }
}

/** The key in a message of another process that it has stored a segment: `<stream id> <key>`. Throws when it is none. */
function storedKey(message: string): string {
  const [, , key] = /^([\w-]{1,64}) (\1\/[^/\s]{1,200})$/.exec(message) ?? [];
  if (key === undefined) throw new Error('a message has the form `<stream id> <key of the stream>`');
  return key;
}
