import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { Logger } from '../../../common/createLogger.ts';
import type { UploadJob } from '../../../common/redis/queues.ts';
import type { SegmentUploader } from './segmentUploader.ts';
import { DELAYS, isFinal, retryAfter } from './uploadPolicy.ts';
import type { UploadOutcome } from './uploadWaiters.ts';

interface Waiting {
  late: boolean;
  put(): Promise<void>;
  resolve(outcome: UploadOutcome): void;
}

/** Uploads that do not go through the queue, so many at a time, the live edge first. */
export class DirectUploads {
  readonly #uploader: SegmentUploader;
  readonly #attempts: number;
  readonly #backoffMs: number;
  readonly #concurrency: number;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #waiting: Waiting[] = [];
  #running = 0;

  constructor(options: {
    uploader: SegmentUploader;
    attempts: number;
    backoffMs: number;
    /** Uploads at a time; each holds its file in memory. */
    concurrency: number;
    log: Logger;
  }) {
    this.#uploader = options.uploader;
    this.#attempts = options.attempts;
    this.#backoffMs = options.backoffMs;
    this.#concurrency = options.concurrency;
    this.#log = options.log;
  }

  /**
   * With the attempts and pauses that a job of the queue has: Redis is away.
   * @param late nobody watches for it: all others go first
   */
  upload(job: UploadJob, late: boolean): Promise<UploadOutcome> {
    return this.#enter({ late, put: () => this.#putPatiently(job) });
  }

  /** One attempt. */
  tryOnce(job: UploadJob): Promise<UploadOutcome> {
    return this.#enter({ late: false, put: () => this.#put(job) });
  }

  /** Whoever waits is let go; what is under way is given up. */
  stop(): void {
    this.#stopping.abort();
    for (const { resolve } of this.#waiting) resolve({ kind: 'abandoned' });
    this.#waiting = [];
  }

  #next(): void {
    while (this.#running < this.#concurrency && this.#waiting.length > 0) {
      const live = this.#waiting.findLastIndex(({ late }) => !late);
      const [next] = this.#waiting.splice(live === -1 ? this.#waiting.length - 1 : live, 1);
      if (next) void this.#run(next);
    }
  }

  #enter(upload: Omit<Waiting, 'resolve'>): Promise<UploadOutcome> {
    return new Promise(resolve => {
      this.#waiting.push({ ...upload, resolve });
      this.#next();
    });
  }

  async #run({ put, resolve }: Waiting): Promise<void> {
    this.#running += 1;
    const { signal } = this.#stopping;
    await put().then(
      () => resolve({ kind: 'stored' }),
      (error: Error) => resolve(signal.aborted ? { kind: 'abandoned' } : { kind: 'failed', error }),
    );
    this.#running -= 1;
    if (!signal.aborted) this.#next();
  }

  #putPatiently(job: UploadJob): Promise<void> {
    const { signal } = this.#stopping;
    let delays = 0;
    return pRetry(() => this.#put(job), {
      retries: this.#attempts - 1,
      minTimeout: this.#backoffMs,
      randomize: true,
      signal,
      shouldConsumeRetry: ({ error }) => retryAfter(error) === undefined || ++delays > DELAYS,
      shouldRetry: ({ error }) => !isFinal(error),
      onFailedAttempt: async ({ error }) => {
        const pause = retryAfter(error);
        if (pause !== undefined) await sleep(pause, undefined, { signal });
      },
    });
  }

  async #put(job: UploadJob): Promise<void> {
    const { signal } = this.#stopping;
    try {
      await this.#uploader.put(job, signal);
    } catch (error) {
      if (!signal.aborted) this.#log.warn({ err: error, key: job.key }, 'direct upload failed');
      throw error;
    }
  }
}
