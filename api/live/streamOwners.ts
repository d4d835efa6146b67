import type { StreamStore } from '../../common/stream/streamStore.ts';
import type { WorkerRegistry } from '../../common/workers/workerRegistry.ts';
import type { EventFeed } from '../events/eventFeed.ts';
import { askRedis } from '../http/askRedis.ts';
import { type LiveStream, liveStreamOf } from './liveStream.ts';

/** As long as an answer is good when no event of the stream comes. */
const FRESH_MS = 1_000;
/** Ids that do not exist count, too. */
const MOST = 10_000;

interface Known {
  at: number;
  stream: LiveStream | undefined;
}

/**
 * Which worker has a stream, read from Redis at most once a second, and again after each event of the stream. While Redis is away what was
 * read last counts: workers go on serving.
 */
export class StreamOwners {
  readonly #store: Pick<StreamStore, 'get'>;
  readonly #workers: Pick<WorkerRegistry, 'find'>;
  readonly #events: Pick<EventFeed, 'listen'>;
  readonly #known = new Map<string, Known>();
  readonly #reading = new Map<string, Promise<LiveStream | undefined>>();
  readonly #stopListening: () => void;

  constructor(deps: {
    store: Pick<StreamStore, 'get'>;
    workers: Pick<WorkerRegistry, 'find'>;
    events: Pick<EventFeed, 'listen'>;
  }) {
    this.#store = deps.store;
    this.#workers = deps.workers;
    this.#events = deps.events;
    this.#stopListening = deps.events.listen(undefined, {
      onEvent: ({ streamId }) => this.doubt(streamId),
      onBack: () => {
        for (const id of this.#known.keys()) this.doubt(id);
      },
      onEnd: () => undefined,
    });
  }

  /** Undefined: there is no such stream. Throws `redis_unavailable` for a stream that nobody has asked for before. */
  async find(streamId: string): Promise<LiveStream | undefined> {
    const known = this.#known.get(streamId);
    if (known && performance.now() - known.at < FRESH_MS) return known.stream;
    return this.#reading.get(streamId) ?? this.#read(streamId);
  }

  /** What is known may be wrong: the next find() reads it again. */
  doubt(streamId: string): void {
    const known = this.#known.get(streamId);
    if (known) known.at = Number.NEGATIVE_INFINITY;
  }

  /** Resolves with the next event of the stream, after `ms`, or when `signal` aborts. */
  async change(streamId: string, ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const done = (): void => resolve();
    const timer = setTimeout(done, ms);
    const stopListening = this.#events.listen(streamId, { onEvent: done, onBack: done, onEnd: done });
    signal.addEventListener('abort', done, { once: true });
    await promise;
    clearTimeout(timer);
    stopListening();
    signal.removeEventListener('abort', done);
  }

  stop(): void {
    this.#stopListening();
  }

  #read(streamId: string): Promise<LiveStream | undefined> {
    const reading = this.#readOrKeep(streamId).finally(() => this.#reading.delete(streamId));
    this.#reading.set(streamId, reading);
    return reading;
  }

  async #readOrKeep(streamId: string): Promise<LiveStream | undefined> {
    const known = this.#known.get(streamId);
    const at = performance.now();
    try {
      const stream = await askRedis(() => this.#ask(streamId));
      this.#keep(streamId, { at, stream });
      return stream;
    } catch (error) {
      if (!known) throw error;
      this.#keep(streamId, { ...known, at });
      return known.stream;
    }
  }

  async #ask(streamId: string): Promise<LiveStream | undefined> {
    const record = await this.#store.get(streamId);
    if (!record) return undefined;
    const isOwned = record.worker !== undefined && record.state !== 'STOPPED';
    const worker = isOwned ? await this.#workers.find(record.worker ?? '') : undefined;
    return liveStreamOf(record, worker?.origin);
  }

  #keep(streamId: string, known: Known): void {
    this.#known.delete(streamId);
    this.#known.set(streamId, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST && oldest !== undefined) this.#known.delete(oldest);
  }
}
