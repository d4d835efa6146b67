import type { UploadJob } from '../../../common/redis/queues.ts';
import { RetryLine } from './retryLine.ts';
import { isFinal } from './uploadPolicy.ts';
import type { UploadQueue } from './uploadQueue.ts';
import type { UploadOutcome } from './uploadWaiters.ts';

/**
 * Uploads that outlast the store's absence: one that has failed finally stands in line until the store takes something
 * again, and is then queued anew, behind everything live. So a segment is lost only with its file (invariant I4).
 */
export class PersistentUploads {
  readonly #uploads: Pick<UploadQueue, 'upload' | 'uploadLate'>;
  readonly #line: RetryLine;

  /** @param options.probeMs how long the line stands still before one of it is tried anyway */
  constructor(uploads: Pick<UploadQueue, 'upload' | 'uploadLate'>, options: { probeMs?: number } = {}) {
    this.#uploads = uploads;
    this.#line = new RetryLine(options.probeMs);
  }

  /** Never rejects. `failed`: for a reason that trying again cannot change. */
  async upload(job: UploadJob, signal: AbortSignal): Promise<UploadOutcome> {
    let outcome = await this.#uploads.upload(job, signal);
    while (outcome.kind === 'failed' && !isFinal(outcome.error)) {
      if (!(await this.#line.turn(signal))) return { kind: 'abandoned' };
      outcome = await this.#uploads.uploadLate(job, signal);
    }
    if (outcome.kind === 'stored') this.#line.advance();
    return outcome;
  }

  /** Nobody in line is tried again. */
  stop(): void {
    this.#line.close();
  }
}
