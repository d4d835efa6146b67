import type { Redis } from 'ioredis';
import type { Logger } from '../../../common/createLogger.ts';
import type { EntryParser } from '../../../common/redis/entryParser.ts';
import type { UploadJob } from '../../../common/redis/queues.ts';
import type { Spool } from '../spool/spool.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { putFile } from '../store/putFile.ts';
import { DirectUploads } from './directUploads.ts';
import { type FailedAttempt, UploadJobs } from './uploadJobs.ts';
import type { UploadOutcome } from './uploadOutcome.ts';
import { isFinal, retryAfter } from './uploadPolicy.ts';
import { UploadWorker } from './uploadWorker.ts';

const CHECK_MS = 500;
/** The message of another process that it stored the segment may be lost; after this time the job is asked. */
const OVERDUE_MS = 2_000;
const PROBE_MS = 3_000;
/** Two for each success: an outage's backlog drains ever faster, and a store that fails again gets few requests. */
const TURNS = 2;

interface UploadOptions {
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
  /** Pause before the second attempt (ms); it doubles. */
  backoffMs: number;
  /** Uploads at a time; each holds its file in memory. */
  concurrency: number;
  /** Which uploads become jobs. `retries`: those whose first attempt, without a job, has failed. Default `all`. */
  jobs?: 'all' | 'retries';
  /** While nothing is stored, one failed upload is tried again each time this has elapsed (ms). */
  probeMs?: number;
  /** Called for each attempt that failed. */
  onFailed?: (job: UploadJob) => void;
  /** Called at the begin of each PUT; what it returns is called at its end. */
  measurePut?: (job: UploadJob) => (error?: Error) => void;
  /** Counts jobs and messages that do not parse. */
  entries?: EntryParser;
  log: Logger;
}

/** A segment that is not in the store yet. When it is stored, or cannot be, its outcome is returned. */
interface Upload {
  readonly job: UploadJob;
  /** Tried again after a failure that may pass, for as long as the caller waits. */
  readonly persists: boolean;
  state: 'closed' | 'uploading' | 'failed';
  /** Everything live goes first: a dead owner's, or failed before. */
  late: boolean;
  /** Redis has a job of it. */
  queued: boolean;
  /** This process makes attempts without a job. */
  direct: boolean;
  /** performance.now() of its start, or of the last question for its job. */
  askedAt: number;
  end(outcome: UploadOutcome): void;
}

/**
 * The uploads that this process waits for; each is closed → uploading → stored or failed. Attempts are jobs of the node's
 * queue, which any worker process of the node may run. What Redis does not take within half a second is uploaded directly
 * (invariant I5). A segment that has failed is tried again once the store takes others, so it is lost only with its file (I4).
 */
export class Uploads {
  readonly #options: UploadOptions;
  readonly #jobs: UploadJobs;
  readonly #worker: UploadWorker;
  readonly #direct: DirectUploads;
  /** By key, the oldest first. */
  readonly #uploads = new Map<string, Upload>();
  /** PUTs under way, by key. */
  readonly #puts = new Map<string, Promise<void>>();
  readonly #listeners = new Set<() => void>();
  readonly #log: Logger;
  /** An upload has failed since one was stored. */
  #storeFailed = false;
  /** performance.now() of the last turn of a failed upload. */
  #turnAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  #stopping: Promise<void> | undefined;

  constructor(options: UploadOptions) {
    this.#options = options;
    this.#log = options.log;
    const put = (job: UploadJob, signal: AbortSignal) => this.#put(job, signal);
    const settle = (key: string, outcome: UploadOutcome) => this.#settle(key, outcome);
    this.#jobs = new UploadJobs({ ...options, onBack: () => this.#reportBack() });
    this.#worker = new UploadWorker({ ...options, put, settle });
    this.#direct = new DirectUploads({ ...options, put });
  }

  /** Begins to take jobs. Does not wait for Redis. */
  start(): void {
    this.#worker.start();
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
  }

  /** Calls back when Redis or the store is back after it was away: what was left in the spool can be stored now. */
  onBack(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Uploads a file of the spool, however long the store is away. Never rejects. `failed`: another attempt cannot succeed. */
  upload(job: UploadJob, signal: AbortSignal): Promise<UploadOutcome> {
    return this.#enter(job, { signal, persists: true, late: false });
  }

  /**
   * Makes the configured attempts only. Never rejects.
   * @param options.late after everything live; a job of the file that has ended, or is far from its next attempt, starts again
   */
  uploadOnce(job: UploadJob, options: { signal?: AbortSignal; late?: boolean } = {}): Promise<UploadOutcome> {
    return this.#enter(job, { late: false, ...options, persists: false });
  }

  /** Ends an upload as failed, with its job. */
  giveUp(job: Pick<UploadJob, 'key' | 'run' | 'file'>, error: Error): void {
    this.#settle(job.key, { kind: 'failed', error });
    this.#jobs
      .remove(job)
      .catch(cause => this.#log.debug({ err: cause, key: job.key }, 'job of a dropped segment not removed'));
  }

  /** Takes no more jobs; ends those under way. What is queued stays queued, for the node's other workers or later. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#worker.stop();
    this.#direct.stop();
    for (const key of this.#uploads.keys()) this.#settle(key, { kind: 'abandoned' });
    void this.#jobs.close().catch(error => this.#log.debug({ err: error }, 'upload queue not closed'));
  }

  #enter(
    job: UploadJob,
    { signal, ...given }: Pick<Upload, 'persists' | 'late'> & { signal?: AbortSignal },
  ): Promise<UploadOutcome> {
    // Of two calls for one key the later one gets the outcome.
    this.#settle(job.key, { kind: 'abandoned' });
    if (signal?.aborted) return Promise.resolve({ kind: 'abandoned' });
    return new Promise(resolve => {
      const abandon = (): void => void this.#settle(job.key, { kind: 'abandoned' });
      const end = (outcome: UploadOutcome): void => {
        signal?.removeEventListener('abort', abandon);
        resolve(outcome);
      };
      const state = { state: 'closed', queued: false, direct: false } as const;
      const upload: Upload = { job, ...given, ...state, askedAt: 0, end };
      this.#uploads.set(job.key, upload);
      signal?.addEventListener('abort', abandon, { once: true });
      void this.#send(upload);
    });
  }

  async #send(upload: Upload): Promise<void> {
    const { job, late } = upload;
    upload.askedAt = performance.now();
    const after = this.#options.jobs === 'retries' && !late ? await this.#tryFirst(upload) : undefined;
    if (!this.#isOpen(upload)) return;
    try {
      if (late && !(await this.#jobs.remove(job))) return this.#sendDirectly(upload);
      await this.#jobs.add(job, { late, after });
      upload.queued = true;
    } catch (error) {
      this.#log.debug({ err: error, key: job.key }, 'Redis does not take the upload job; uploading without a job');
      this.#sendDirectly(upload);
    }
  }

  /** The attempt without a job. When it failed and others may follow: what the job needs to know. */
  async #tryFirst(upload: Upload): Promise<FailedAttempt | undefined> {
    const { attempts, backoffMs } = this.#options;
    const { job, late } = upload;
    // Until then it is not sent directly again, should Redis be away.
    upload.direct = true;
    const outcome = await this.#direct.upload({ job, late, attempts: 1 });
    upload.direct = false;
    if (outcome.kind === 'failed' && !isFinal(outcome.error) && attempts > 1)
      return { pauseMs: retryAfter(outcome.error) ?? backoffMs, attemptsLeft: attempts - 1 };
    this.#settle(job.key, outcome);
    return undefined;
  }

  #sendDirectly(upload: Upload): void {
    const { job, late } = upload;
    if (upload.direct || !this.#isOpen(upload)) return;
    upload.direct = true;
    const { attempts } = this.#options;
    void this.#direct.upload({ job, late, attempts }).then(outcome => this.#settle(job.key, outcome));
  }

  /** One attempt: of a job, which may be another process's, or a direct one. Both at the same time are one PUT. */
  #put(job: UploadJob, signal: AbortSignal): Promise<void> {
    const running = this.#puts.get(job.key);
    if (running) return running;
    const upload = this.#uploads.get(job.key);
    if (upload) upload.state = 'uploading';
    const done = this.#options.measurePut?.(job);
    const put = putFile(this.#options, job, signal);
    this.#puts.set(job.key, put);
    put
      .then(() => done?.())
      .catch((error: Error) => {
        done?.(error);
        if (upload?.state === 'uploading') upload.state = 'closed';
        this.#options.onFailed?.(job);
      })
      .finally(() => this.#puts.delete(job.key));
    return put;
  }

  #isOpen(upload: Upload): boolean {
    return upload.state !== 'failed' && this.#uploads.get(upload.job.key) === upload;
  }

  /** False when this process does not wait for the key. */
  #settle(key: string, outcome: UploadOutcome): boolean {
    const upload = this.#uploads.get(key);
    if (!upload) return false;
    const passing = outcome.kind === 'failed' && !isFinal(outcome.error);
    if (passing && upload.persists) {
      Object.assign(upload, { state: 'failed', late: true, queued: false, direct: false });
    } else {
      this.#uploads.delete(key);
      upload.end(outcome);
    }
    if (passing) this.#storeFailed = true;
    if (outcome.kind === 'stored') this.#onStored();
    return true;
  }

  #onStored(): void {
    if (this.#storeFailed) {
      this.#storeFailed = false;
      // The store is back, and viewers need the latest segments: their pauses end.
      const paused = [...this.#uploads.values()].filter(({ queued, late }) => queued && !late);
      void Promise.all(paused.map(({ job }) => this.#jobs.promote(job))).catch(error => {
        this.#log.debug({ err: error }, 'paused uploads not promoted; they run when they are due');
      });
      this.#reportBack();
    }
    this.#giveTurns(TURNS);
  }

  /** Tries the newest failed uploads again, behind everything live. */
  #giveTurns(turns: number): void {
    const failed = [...this.#uploads.values()].filter(({ state }) => state === 'failed');
    if (failed.length > 0) this.#turnAt = performance.now();
    for (const upload of failed.slice(-turns).toReversed()) {
      upload.state = 'closed';
      void this.#send(upload);
    }
  }

  async #check(): Promise<void> {
    if (performance.now() - this.#turnAt >= (this.#options.probeMs ?? PROBE_MS)) this.#giveTurns(1);
    if (this.#checking || this.#uploads.size === 0) return;
    this.#checking = true;
    try {
      await this.#jobs.ping();
      for (const upload of this.#uploads.values()) await this.#checkJob(upload);
    } catch (error) {
      // Redis would hold the jobs that it took for as long as it is away.
      this.#log.debug({ err: error }, 'Redis is away; uploading without jobs');
      for (const upload of this.#uploads.values()) this.#sendDirectly(upload);
    } finally {
      this.#checking = false;
    }
  }

  async #checkJob(upload: Upload): Promise<void> {
    const { job, late, queued, direct, state, askedAt } = upload;
    if (!queued || direct || state !== 'closed' || performance.now() - askedAt < OVERDUE_MS) return;
    upload.askedAt = performance.now();
    const outcome = await this.#jobs.outcomeOf(job);
    if (outcome === undefined || !this.#isOpen(upload)) return;
    // Redis has lost the job, or its record is gone already; a second PUT of the same bytes does no harm.
    if (outcome === 'unknown') await this.#jobs.add(job, { late });
    else this.#settle(job.key, outcome);
  }

  #reportBack(): void {
    for (const listener of this.#listeners) listener();
  }
}
