import { setTimeout as sleep } from 'node:timers/promises';
import pRetry from 'p-retry';
import type { Logger } from '../../../common/createLogger.ts';
import type { UploadJob } from '../../../common/redis/queues.ts';
import type { UploadOutcome } from './uploadOutcome.ts';
import { DELAYS, isFinal, retryAfter } from './uploadPolicy.ts';

interface DirectOptions {
  put: (job: UploadJob, signal: AbortSignal) => Promise<void>;
  backoffMs: number;
  /** Uploads at a time; each holds its file in memory. */
  concurrency: number;
  log: Logger;
}

interface DirectUpload {
  job: UploadJob;
  attempts: number;
  /** Everything live goes first. */
  late: boolean;
}

type Waiting = DirectUpload & { settle(outcome: UploadOutcome): void };

/** Uploads without a job: a limited number at a time, the newest first. */
export class DirectUploads {
  readonly #options: DirectOptions;
  readonly #stopping = new AbortController();
  #waiting: Waiting[] = [];
  #running = 0;

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  /** Makes the attempts with the pauses that a job has. Never rejects. */
  upload(upload: DirectUpload): Promise<UploadOutcome> {
    return new Promise(settle => {
      this.#waiting.push({ ...upload, settle });
      this.#next();
    });
  }

  /** Ends those that wait and those under way as `abandoned`. */
  stop(): void {
    this.#stopping.abort();
    for (const { settle } of this.#waiting.splice(0)) settle({ kind: 'abandoned' });
  }

  #next(): void {
    while (this.#running < this.#options.concurrency && this.#waiting.length > 0) {
      const live = this.#waiting.findLastIndex(({ late }) => !late);
      const [next] = this.#waiting.splice(live === -1 ? this.#waiting.length - 1 : live, 1);
      if (next) void this.#run(next);
    }
  }

  async #run(upload: Waiting): Promise<void> {
    this.#running += 1;
    const { signal } = this.#stopping;
    await this.#attempts(upload, signal).then(
      () => upload.settle({ kind: 'stored' }),
      (error: Error) => upload.settle(signal.aborted ? { kind: 'abandoned' } : { kind: 'failed', error }),
    );
    this.#running -= 1;
    if (!signal.aborted) this.#next();
  }

  #attempts({ job, attempts }: DirectUpload, signal: AbortSignal): Promise<void> {
    const { put, backoffMs, log } = this.#options;
    let delays = 0;
    return pRetry(() => put(job, signal), {
      retries: attempts - 1,
      minTimeout: backoffMs,
      randomize: true,
      signal,
      shouldConsumeRetry: ({ error }) => attempts === 1 || retryAfter(error) === undefined || ++delays > DELAYS,
      shouldRetry: ({ error }) => attempts > 1 && !isFinal(error),
      onFailedAttempt: async ({ error }) => {
        if (!signal.aborted) log.warn({ err: error, key: job.key }, 'direct upload failed; retry follows');
        const pause = attempts > 1 ? retryAfter(error) : undefined;
        if (pause !== undefined) await sleep(pause, undefined, { signal });
      },
    });
  }
}
