import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { UploadJob } from '../../../common/redis/queues.ts';
import type { Spool } from '../spool/spool.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { putSegment } from '../store/putSegment.ts';

/** Brings one file of the spool into the store, for whoever asks: a job of the queue, or an upload that goes directly. */
export class SegmentUploader {
  readonly #store: ObjectStore;
  readonly #options: { readonly fences: boolean };
  readonly #spool: Spool;
  readonly #onFailed: () => void;
  /** By key: a job and a direct upload of one file are one PUT. */
  readonly #running = new Map<string, Promise<void>>();

  /**
   * @param options.fences the store was probed and holds conditional PUTs; read for each PUT, it may become known later
   * @param options.onFailed called for each attempt that failed
   */
  constructor(options: { store: ObjectStore; fences: boolean; spool: Spool; onFailed?: (() => void) | undefined }) {
    this.#store = options.store;
    this.#options = options;
    this.#spool = options.spool;
    this.#onFailed = options.onFailed ?? (() => undefined);
  }

  /** May be called again after any failure. Throws a StoreError, or the file's error (ENOENT: it is gone and not stored). */
  put(job: UploadJob, signal: AbortSignal): Promise<void> {
    const running = this.#running.get(job.key);
    if (running) return running;
    const put = this.#put(job, signal);
    this.#running.set(job.key, put);
    put.catch(this.#onFailed).finally(() => this.#running.delete(job.key));
    return put;
  }

  async #put({ key, file, contentType, cacheControl }: UploadJob, signal: AbortSignal): Promise<void> {
    const origin = dirname(file);
    const { fences } = this.#options;
    try {
      const body = await readFile(this.#spool.path(file));
      await putSegment(this.#store, { key, body, contentType, cacheControl, origin, fences, signal });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      // Files go when they are stored: this one went directly while its job waited for Redis.
      const there = await this.#store.head(key, { signal });
      if (there?.metadata.origin !== origin) throw error;
    }
  }
}
