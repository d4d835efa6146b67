import type { Queue } from 'bullmq';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { type StreamJob, streamJobId, streamJobOptions } from '../../common/redis/queues.ts';
import { type RequestedProfile, resolveProfile } from '../../common/stream/streamProfile.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { StreamStore } from '../../common/stream/streamStore.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import { askRedis } from '../http/askRedis.ts';
import type { StartRequest } from './schemas.ts';

const QUEUE_DEADLINE_MS = 1_000;

/** What callers may do with streams, whichever route they come by. Every call throws `redis_unavailable` at once. */
export class StreamService {
  readonly #store: StreamStore;
  readonly #queue: Queue<StreamJob>;
  readonly #maxStreams: number;
  readonly #defaultProfile: RequestedProfile;
  readonly #refusedTarget: ((url: string) => Promise<string | undefined>) | undefined;
  readonly #log: Logger;

  /**
   * @param deps.maxStreams MAX_STREAMS
   * @param deps.defaultProfile DEFAULT_PROFILE
   * @param deps.refusedTarget names the host that a webhook may not go to; absent: webhooks may go everywhere
   */
  constructor(deps: {
    store: StreamStore;
    queue: Queue<StreamJob>;
    maxStreams: number;
    defaultProfile: RequestedProfile;
    refusedTarget?: (url: string) => Promise<string | undefined>;
    log: Logger;
  }) {
    this.#store = deps.store;
    this.#queue = deps.queue;
    this.#maxStreams = deps.maxStreams;
    this.#defaultProfile = deps.defaultProfile;
    this.#refusedTarget = deps.refusedTarget;
    this.#log = deps.log;
  }

  /**
   * Writes the record, then adds the run's job. When only the second fails the stream stays INITIALISED, and a worker
   * that finds it without a job adds it again. Throws `stream_running`,
   * `quota` and `webhook_refused`.
   */
  async start(request: StartRequest): Promise<void> {
    const streamId = request.stream_id;
    const { record, dvr, webhook_urls: webhookUrls } = request;
    const profile = resolveProfile(request, this.#defaultProfile);
    await this.#checkTargets(webhookUrls);
    const latency = request.latency ?? 'standard';
    const access = request.passphrase ? { passphrase: request.passphrase } : {};
    const options = { profile, latency, record, dvr, ...access, webhookUrls, maxStreams: this.#maxStreams };
    const run = await askRedis(() => this.#store.start(streamId, options));
    this.#log.info({ streamId, run, profile, latency, record, dvr }, 'stream created');
    const job = { ...streamJobOptions, jobId: streamJobId(streamId, run) };
    await askRedis(() => withDeadline(this.#queue.add('stream', { streamId, run }, job), QUEUE_DEADLINE_MS, notAdded));
  }

  /** Requests the end of a stream, which its owner carries out. Throws `stream_not_found` when none is running. */
  async stop(streamId: string): Promise<void> {
    const outcome = await askRedis(() => this.#store.stop(streamId));
    this.#log.info({ streamId, outcome }, 'stop requested');
    // No worker had taken it, so its job has nothing left to do. One that stays is dropped by the worker that gets it.
    if (outcome === 'stopped') void this.#removeJob(streamId);
  }

  /** The same, where a STOPPED stream is no error; resolves to the stream. Throws `stream_not_found` when there is none. */
  async end(streamId: string): Promise<StreamRecord> {
    await this.stop(streamId).catch((error: unknown) => {
      if (!(error instanceof AppError && error.code === 'stream_not_found')) throw error;
    });
    return this.get(streamId);
  }

  async find(streamId: string): Promise<StreamRecord | undefined> {
    return askRedis(() => this.#store.get(streamId));
  }

  /** Throws `stream_not_found`. */
  async get(streamId: string): Promise<StreamRecord> {
    const record = await this.find(streamId);
    if (!record) throw new AppError('stream_not_found', `stream "${streamId}" does not exist`);
    return record;
  }

  async list(limit: number): Promise<StreamRecord[]> {
    return askRedis(() => this.#store.list(limit));
  }

  async #checkTargets(urls: readonly string[]): Promise<void> {
    const check = this.#refusedTarget;
    if (!check) return;
    const host = (await Promise.all(urls.map(check))).find(refused => refused !== undefined);
    if (host === undefined) return;
    throw new AppError(
      'webhook_refused',
      `webhook_urls: webhooks may not go to ${host}: it has a private address (WEBHOOK_ALLOW_PRIVATE=on allows it)`,
    );
  }

  async #removeJob(streamId: string): Promise<void> {
    try {
      const record = await this.#store.get(streamId);
      if (record?.state === 'STOPPED') await this.#queue.remove(streamJobId(streamId, record.run));
    } catch (error) {
      this.#log.debug({ err: error, streamId }, 'the job of a stopped stream could not be removed');
    }
  }
}

function notAdded(): never {
  throw new Error(`the stream's job was not added to the queue within ${QUEUE_DEADLINE_MS} ms`);
}
