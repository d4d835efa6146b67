import type { Queue } from 'bullmq';
import type { Logger } from '../../common/createLogger.ts';
import { AppError } from '../../common/errors.ts';
import { type StreamJob, streamJobId, streamJobOptions } from '../../common/redis/queues.ts';
import type { StartQuota } from '../../common/stream/startOptions.ts';
import type { Page, PageQuery, StreamPages } from '../../common/stream/streamPages.ts';
import type { RequestedProfile } from '../../common/stream/streamProfile.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import type { RotateOptions, StopReason, StreamStore } from '../../common/stream/streamStore.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import type { EventFeed } from '../events/eventFeed.ts';
import { askRedis } from '../http/askRedis.ts';
import { awaitStream } from './awaitStream.ts';
import { editedFields } from './editedFields.ts';
import { newStreamId } from './newStreamId.ts';
import type { PlaybackPlaces } from './playbackUrls.ts';
import type { CreateRequest, EditRequest } from './schemas.ts';
import { type StartRequest, startOptionsOf } from './startOptionsOf.ts';

const QUEUE_DEADLINE_MS = 1_000;

/** What callers may do with streams, whichever route they come by. Every call throws `redis_unavailable` at once. */
export class StreamService {
  readonly #store: StreamStore;
  readonly #pages: StreamPages;
  readonly #events: EventFeed;
  readonly #queue: Queue<StreamJob>;
  readonly #maxStreams: number;
  readonly #defaultProfile: RequestedProfile;
  readonly #places: PlaybackPlaces;
  readonly #activeTrace: () => string | undefined;
  readonly #refusedTarget: ((url: string) => Promise<string | undefined>) | undefined;
  readonly #log: Logger;

  /**
   * @param deps.maxStreams MAX_STREAMS
   * @param deps.defaultProfile DEFAULT_PROFILE
   * @param deps.activeTrace the traceparent of the request that is being answered, where it is traced
   * @param deps.refusedTarget names the host that a webhook may not go to; absent: webhooks may go everywhere
   */
  constructor(deps: {
    store: StreamStore;
    pages: StreamPages;
    events: EventFeed;
    queue: Queue<StreamJob>;
    maxStreams: number;
    defaultProfile: RequestedProfile;
    places: PlaybackPlaces;
    activeTrace?: () => string | undefined;
    refusedTarget?: (url: string) => Promise<string | undefined>;
    log: Logger;
  }) {
    this.#store = deps.store;
    this.#pages = deps.pages;
    this.#events = deps.events;
    this.#queue = deps.queue;
    this.#maxStreams = deps.maxStreams;
    this.#defaultProfile = deps.defaultProfile;
    this.#places = deps.places;
    this.#activeTrace = deps.activeTrace ?? (() => undefined);
    this.#refusedTarget = deps.refusedTarget;
    this.#log = deps.log;
  }

  /**
   * Writes the record, then adds the run's job. When only the second fails the stream stays INITIALISED, and a worker
   * that finds it without a job adds it again. Throws `stream_running`,
   * `quota` and `webhook_refused`.
   * @param by the key that starts it, with its quota; `startedBy` of the request, where it has an Idempotency-Key; and the request's id
   */
  async start(
    streamId: string,
    request: StartRequest,
    by: { quota: StartQuota; startedBy?: string | undefined; requestId: string },
  ): Promise<void> {
    const { quota, startedBy, requestId } = by;
    const options = startOptionsOf(request, this.#defaultProfile);
    await this.#checkTargets(options.webhookUrls);
    const { lowLatency } = this.#places.of({ streamId, latency: 'standard', ...options });
    const limits = { maxStreams: this.#maxStreams, quota, ...(startedBy !== undefined && { startedBy }) };
    const run = await askRedis(() =>
      this.#store.start(streamId, {
        ...options,
        ...limits,
        ...(lowLatency !== null && { lowLatencyLink: lowLatency }),
        trace: this.#activeTrace(),
      }),
    );
    const { profile, latency, record, dvr } = options;
    this.#log.info({ requestId, streamId, run, profile, latency, record, dvr }, 'stream created');
    const job = { ...streamJobOptions, jobId: streamJobId(streamId, run) };
    await askRedis(() => withDeadline(this.#queue.add('stream', { streamId, run }, job), QUEUE_DEADLINE_MS, notAdded));
  }

  /**
   * Starts a stream, and waits for the worker's address. A request that is repeated finds the stream that it has started.
   * Throws as start() does.
   * @returns the stream as it is, at the latest after `waitMs`
   */
  async create(
    { stream_id: wanted, ...request }: CreateRequest,
    options: {
      waitMs: number;
      quota: StartQuota;
      startedBy?: string | undefined;
      requestId: string;
      signal: AbortSignal;
    },
  ): Promise<StreamRecord> {
    const { startedBy, waitMs: timeoutMs, signal } = options;
    const streamId = wanted ?? newStreamId(startedBy);
    await this.start(streamId, request, options).catch(async (error: unknown) => {
      const isRunning = error instanceof AppError && error.code === 'stream_running';
      if (!isRunning || startedBy === undefined || (await this.find(streamId))?.startedBy !== startedBy) throw error;
    });
    return this.#await(streamId, { timeoutMs, signal, until: ({ state }) => state !== 'INITIALISED' });
  }

  /** Changes what an app may change. Throws `stream_not_found`, `webhook_refused`, and `body_invalid` when the metadata grow too large. */
  async edit(streamId: string, request: EditRequest): Promise<StreamRecord> {
    await this.#checkTargets(request.webhook_urls ?? []);
    await askRedis(() => this.#store.edit(streamId, record => editedFields(record, request)));
    return this.get(streamId);
  }

  /** Has a new stream key made, and waits for it. Throws `stream_stopped` or `stream_not_found` when the stream does not run. */
  async rotateKey(
    streamId: string,
    rotation: RotateOptions,
    { waitMs: timeoutMs, requestId, signal }: { waitMs: number; requestId: string; signal: AbortSignal },
  ): Promise<{ record: StreamRecord; isMade: boolean }> {
    const { state } = await this.get(streamId);
    if (state === 'STOPPED')
      throw new AppError('stream_stopped', `stream "${streamId}" is STOPPED and has no stream key`);
    const { run, generation } = await askRedis(() => this.#store.rotateKey(streamId, rotation));
    this.#log.info(
      { requestId, streamId, run, generation, revoke: rotation.revoke ?? false },
      'new stream key requested',
    );
    const isMade = (of: StreamRecord): boolean => of.run === run && of.urlGeneration >= generation;
    const until = (of: StreamRecord): boolean => isMade(of) || of.run !== run || of.state === 'STOPPED';
    const record = await this.#await(streamId, { timeoutMs, signal, until });
    return { record, isMade: isMade(record) };
  }

  /** Requests the end of a stream, which its owner carries out. Throws `stream_not_found` when none is running. */
  async stop(streamId: string, { reason, requestId }: { reason?: StopReason; requestId: string }): Promise<void> {
    const outcome = await askRedis(() => this.#store.stop(streamId, reason));
    this.#log.info({ requestId, streamId, outcome, reason }, 'stop requested');
    // No worker had taken it, so its job has nothing left to do. One that stays is dropped by the worker that gets it.
    if (outcome === 'stopped') void this.#removeJob(streamId);
  }

  /** The same, where a STOPPED stream is no error; resolves to the stream. Throws `stream_not_found` when there is none. */
  async end(streamId: string, how: { reason?: StopReason; requestId: string }): Promise<StreamRecord> {
    await this.stop(streamId, how).catch((error: unknown) => {
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

  /** All streams that are not STOPPED. */
  async live(): Promise<StreamRecord[]> {
    return askRedis(() => this.#store.live());
  }

  async page(query: PageQuery): Promise<Page> {
    return askRedis(() => this.#pages.page(query));
  }

  #await(streamId: string, wait: Omit<Parameters<typeof awaitStream>[2], 'read'>): Promise<StreamRecord> {
    return awaitStream(this.#events, streamId, { ...wait, read: () => this.get(streamId) });
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
