import type { Redis } from 'ioredis';
import type { Logger } from '../../../common/createLogger.ts';
import { keys } from '../../../common/redis/keys.ts';
import type { UploadJob } from '../../../common/redis/queues.ts';
import type { Spool } from '../spool/spool.ts';
import type { ObjectStore } from '../store/objectStore.ts';
import { DirectUploads } from './directUploads.ts';
import { SegmentUploader } from './segmentUploader.ts';
import { uploadFailure } from './uploadFailure.ts';
import { type FailedAttempt, UploadJobs } from './uploadJobs.ts';
import { isFinal, retryAfter } from './uploadPolicy.ts';
import { type UploadOutcome, UploadWaiters } from './uploadWaiters.ts';
import { UploadWorker } from './uploadWorker.ts';

const CHECK_MS = 500;
/** A message that another process stored it may be lost; after this the job itself is asked. */
const OVERDUE_MS = 2_000;

interface Policy {
  attempts: number;
  /** Before the second attempt. */
  backoffMs: number;
  /** Which uploads become jobs. `retries`: those whose first attempt, without one, has failed. Default `all`. */
  jobs?: 'all' | 'retries';
}

interface Wanted {
  job: UploadJob;
  /** Redis has the job. */
  queued: boolean;
  direct: boolean;
  /** Of a dead owner: everything live goes first. */
  late: boolean;
}

/**
 * This process's end of its node's upload queue. Any worker process of the node may run a job; whoever waits for it is
 * told in the process, by pub/sub, or at the latest by asking for the job's state. What Redis does not take within half
 * a second is uploaded here, directly: media does not wait for it (invariant I5).
 */
export class UploadQueue {
  readonly #jobs: UploadJobs;
  readonly #options: Policy;
  readonly #subscriber: Redis;
  readonly #worker: UploadWorker;
  readonly #channel: string;
  readonly #waiters = new UploadWaiters();
  readonly #direct: DirectUploads;
  /** Uploads that somebody waits for, by key. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #listeners = new Set<() => void>();
  readonly #log: Logger;
  /** The store did not take something since it last took something. */
  #storeFailed = false;
  #timer: NodeJS.Timeout | undefined;
  #checking = false;
  #stopping: Promise<void> | undefined;

  constructor(
    options: Policy & {
      node: string;
      /** Role `queue`; stays the caller's. */
      connection: Redis;
      /** Role `subscriber`; stays the caller's. */
      subscriber: Redis;
      store: ObjectStore;
      /** The store was probed and holds conditional PUTs. */
      fences: boolean;
      spool: Spool;
      /** Uploads at a time; each holds its file in memory. */
      concurrency: number;
      /** Called for each attempt that failed. */
      onFailed?: () => void;
      log: Logger;
    },
  ) {
    this.#options = options;
    this.#log = options.log;
    this.#channel = keys.storedChannel(options.node);
    this.#subscriber = options.subscriber;
    this.#jobs = new UploadJobs({ ...options, onBack: () => this.#tellBack() });
    const uploader = new SegmentUploader(options);
    this.#worker = new UploadWorker({ ...options, uploader, waiters: this.#waiters });
    this.#direct = new DirectUploads({ ...options, uploader });
  }

  /** Begins to take jobs. Does not wait for Redis. */
  start(): void {
    this.#worker.start();
    this.#subscriber.on('message', this.#onMessage);
    void this.#subscriber.subscribe(this.#channel).catch(error => {
      this.#log.debug({ err: error }, 'not subscribed; uploads of other processes are seen by asking');
    });
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
  }

  /** Calls back when Redis or the store is back after it was away: what was left in the spool can be stored now. */
  onBack(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Uploads a file of the spool: through the queue, or directly while Redis is away. Never rejects. */
  async upload(job: UploadJob, signal?: AbortSignal): Promise<UploadOutcome> {
    return this.#upload(job, signal, false);
  }

  /** The same for a file that its owner left behind, after everything live; a job of it that has ended begins anew. */
  async uploadLate(job: UploadJob, signal: AbortSignal): Promise<UploadOutcome> {
    return this.#upload(job, signal, true);
  }

  /** Whoever waits for the file is told that it will not be stored. */
  giveUp(job: Pick<UploadJob, 'key' | 'run' | 'file'>, error: Error): void {
    this.#waiters.settle(job.key, { kind: 'failed', error });
    this.#jobs
      .remove(job)
      .catch(cause => this.#log.debug({ err: cause, key: job.key }, 'job of a dropped segment not removed'));
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
    this.#direct.stop();
    for (const key of this.#wanted.keys()) this.#waiters.settle(key, { kind: 'abandoned' });
    void this.#jobs.close().catch(error => this.#log.debug({ err: error }, 'upload queue not closed'));
  }

  readonly #onMessage = (channel: string, message: string): void => {
    if (channel === this.#channel) this.#waiters.settle(message.slice(message.indexOf(' ') + 1), { kind: 'stored' });
  };

  async #upload(job: UploadJob, signal: AbortSignal | undefined, late: boolean): Promise<UploadOutcome> {
    const outcome = this.#waiters.wait(job.key, signal);
    const wanted = { job, queued: false, direct: false, late };
    this.#wanted.set(job.key, wanted);
    if (!signal?.aborted) void this.#send(wanted);
    try {
      const settled = await outcome;
      this.#noteStore(settled);
      return settled;
    } finally {
      if (this.#wanted.get(job.key) === wanted) this.#wanted.delete(job.key);
    }
  }

  async #send(wanted: Wanted): Promise<void> {
    const { job, late } = wanted;
    const after = this.#options.jobs === 'retries' && !late ? await this.#tryFirst(wanted) : undefined;
    if (!this.#waiters.has(job.key)) return;
    try {
      if (late && !(await this.#clear(job))) return this.#sendDirectly(wanted);
      const added = this.#jobs.add(job, { late, ...(after ? { after } : {}) });
      // Sent right behind it, so that Redis, which is woken for each command that comes alone, does both at once.
      setImmediate(() => this.#worker.pull(after?.pauseMs));
      await added;
      wanted.queued = true;
    } catch (error) {
      this.#log.debug({ err: error, key: job.key }, 'Redis does not take the upload; it goes directly');
      this.#sendDirectly(wanted);
    }
  }

  /** The attempt without a job. When it failed and others may follow: what the job is to know. */
  async #tryFirst(wanted: Wanted): Promise<FailedAttempt | undefined> {
    const { job } = wanted;
    // Not to be sent once more should Redis be away meanwhile.
    wanted.direct = true;
    const outcome = await this.#direct.tryOnce(job);
    wanted.direct = false;
    const { attempts, backoffMs } = this.#options;
    if (outcome.kind !== 'failed' || isFinal(outcome.error) || attempts === 1) {
      this.#waiters.settle(job.key, outcome);
      return undefined;
    }
    return { pauseMs: retryAfter(outcome.error) ?? backoffMs, attemptsLeft: attempts - 1 };
  }

  /**
   * Removes a job that has ended or waits for a far attempt, or its id would keep the file from being queued again.
   * False: a dead process has it.
   */
  async #clear(job: UploadJob): Promise<boolean> {
    const state = await this.#jobs.stateOf(job);
    if (state === 'active') return false;
    if (state !== 'unknown') await this.#jobs.remove(job);
    return true;
  }

  #sendDirectly(wanted: Wanted): void {
    const { job, late } = wanted;
    if (wanted.direct || !this.#waiters.has(job.key)) return;
    wanted.direct = true;
    void this.#direct.upload(job, late).then(outcome => this.#waiters.settle(job.key, outcome));
  }

  async #check(): Promise<void> {
    if (this.#checking) return;
    this.#checking = true;
    try {
      await this.#checkPresence();
      for (const key of this.#waiters.overdue(OVERDUE_MS)) {
        const wanted = this.#wanted.get(key);
        if (wanted?.queued && !wanted.direct) await this.#checkJob(wanted);
      }
    } catch (error) {
      this.#log.debug({ err: error }, 'upload jobs cannot be asked for');
    } finally {
      this.#checking = false;
    }
  }

  /** A Redis that fell silent after it took a job would keep the job for as long as it is away. */
  async #checkPresence(): Promise<void> {
    if (this.#wanted.size === 0) return;
    try {
      await this.#jobs.ping();
    } catch (error) {
      this.#log.debug({ err: error }, 'Redis is away; uploads go directly');
      for (const wanted of this.#wanted.values()) this.#sendDirectly(wanted);
    }
  }

  async #checkJob({ job, late }: Wanted): Promise<void> {
    const state = await this.#jobs.stateOf(job);
    if (!this.#waiters.has(job.key)) return;
    if (state === 'completed') this.#waiters.settle(job.key, { kind: 'stored' });
    // Redis has lost it, or its record is gone already; a second PUT of the same bytes does no harm.
    if (state === 'unknown') await this.#jobs.add(job, { late });
    if (state !== 'failed') return;
    const error = uploadFailure(await this.#jobs.failureOf(job));
    this.#waiters.settle(job.key, { kind: 'failed', error });
  }

  #noteStore(outcome: UploadOutcome): void {
    if (outcome.kind === 'failed') this.#storeFailed ||= !isFinal(outcome.error);
    if (outcome.kind !== 'stored' || !this.#storeFailed) return;
    this.#storeFailed = false;
    // The store is back, and viewers wait for what came last.
    for (const { job, queued, late } of this.#wanted.values()) if (queued && !late) this.#promote(job);
    this.#tellBack();
  }

  #promote(job: UploadJob): void {
    this.#jobs.promote(job).catch(error => this.#log.debug({ err: error, key: job.key }, 'upload not tried earlier'));
  }

  #tellBack(): void {
    for (const listener of this.#listeners) listener();
  }
}
