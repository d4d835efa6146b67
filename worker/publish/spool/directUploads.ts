import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { Logger } from '../../../common/createLogger.ts';
import type { UploadJob } from '../../../common/queues.ts';
import { StoreError } from '../store/storeError.ts';
import type { SegmentUploader } from './segmentUploader.ts';
import { DELAYS, isFinal } from './uploadPolicy.ts';
import type { UploadOutcome } from './uploadWaiters.ts';

interface Waiting {
  job: UploadJob;
  late: boolean;
  resolve(outcome: UploadOutcome): void;
}

/** Uploads that cannot go through the queue since Redis is away: the same attempts and pauses, the live edge first. */
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

  /** @param late nobody watches for it: all others go first */
  upload(job: UploadJob, late = false): Promise<UploadOutcome> {
    return new Promise(resolve => {
      this.#waiting.push({ job, late, resolve });
      this.#next();
    });
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

  async #run({ job, resolve }: Waiting): Promise<void> {
    this.#running += 1;
    resolve(await this.#upload(job));
    this.#running -= 1;
    if (!this.#stopping.signal.aborted) this.#next();
  }

  async #upload(job: UploadJob): Promise<UploadOutcome> {
    const { signal } = this.#stopping;
    let delays = 0;
    try {
      await pRetry(() => this.#uploader.put(job, signal), {
        retries: this.#attempts - 1,
        minTimeout: this.#backoffMs,
        randomize: true,
        signal,
        shouldConsumeRetry: ({ error }) => retryAfter(error) === undefined || ++delays > DELAYS,
        shouldRetry: ({ error }) => !isFinal(error),
        onFailedAttempt: async ({ error, attemptNumber }) => {
          this.#log.warn({ err: error, key: job.key, attempt: attemptNumber }, 'direct upload failed');
          const pause = retryAfter(error);
          if (pause !== undefined) await sleep(pause, undefined, { signal });
        },
      });
      return { kind: 'stored' };
    } catch (error) {
      return signal.aborted ? { kind: 'abandoned' } : { kind: 'failed', error: error as Error };
    }
  }
}

const retryAfter = (error: unknown): number | undefined =>
  error instanceof StoreError ? error.retryAfterMs : undefined;
