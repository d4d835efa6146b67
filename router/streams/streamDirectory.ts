import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { parseEventMessage } from '../../common/stream/streamEvent.ts';
import { parseStreamRoute, routeFields, type StreamRoute } from './streamRoute.ts';

const MOST_ROUTES = 10_000;
/** A change whose message was lost is read after this time at the latest. */
const FRESH_MS = 5_000;

interface Entry {
  /** Undefined while it was never read; null: there is no such stream. */
  route: StreamRoute | null | undefined;
  readAt: number;
  reading: Promise<void> | undefined;
  /** It has changed while it was being read. */
  stale: boolean;
}

/**
 * Which worker has which stream: read from Redis when first asked for, kept, and read again when the stream's events say that
 * it has changed. While Redis is away it answers what it knows.
 */
export class StreamDirectory {
  readonly #redis: Redis;
  readonly #subscriber: Redis;
  readonly #entries: EntryParser;
  readonly #log: Logger;
  readonly #onChange: (streamId: string) => void;
  readonly #known = new Map<string, Entry>();

  /** @param options.onChange a route was read (again) */
  constructor(options: {
    /** Role `request`. */
    redis: Redis;
    /** Role `subscriber`. */
    subscriber: Redis;
    entries: EntryParser;
    onChange: (streamId: string) => void;
    log: Logger;
  }) {
    this.#redis = options.redis;
    this.#subscriber = options.subscriber;
    this.#entries = options.entries;
    this.#onChange = options.onChange;
    this.#log = options.log;
  }

  start(): void {
    this.#subscriber.on('message', (_channel, message) => this.#changed(message));
    // Messages of the time without a connection are lost.
    this.#subscriber.on('ready', () => this.#forgetAll());
    this.#subscriber
      .subscribe(keys.outbox)
      .catch(error => this.#log.debug({ err: error }, 'not subscribed to changes of streams; they are read each 5 s'));
  }

  /** What is known of a stream. Null: there is none. Undefined: not known yet; `onChange` follows when Redis answers. */
  get(streamId: string): StreamRoute | null | undefined {
    const entry = this.#entry(streamId);
    if (performance.now() - entry.readAt > FRESH_MS) this.#read(streamId, entry);
    return entry.route;
  }

  /** Reads the route again: a caller has seen that it leads nowhere. */
  refresh(streamId: string): void {
    const entry = this.#entry(streamId);
    entry.stale = entry.reading !== undefined;
    this.#read(streamId, entry);
  }

  #entry(streamId: string): Entry {
    const known = this.#known.get(streamId);
    if (known) return known;
    const made = { route: undefined, readAt: Number.NEGATIVE_INFINITY, reading: undefined, stale: false };
    this.#known.set(streamId, made);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_ROUTES && oldest !== undefined) this.#known.delete(oldest);
    return made;
  }

  #read(streamId: string, entry: Entry): void {
    entry.reading ??= this.#readNow(streamId, entry).finally(() => {
      entry.reading = undefined;
      if (entry.stale) this.refresh(streamId);
    });
  }

  async #readNow(streamId: string, entry: Entry): Promise<void> {
    entry.stale = false;
    entry.readAt = performance.now();
    try {
      const values = await this.#redis.hmget(keys.stream(streamId), ...routeFields);
      entry.route = this.#entries.parse('stream record', streamId, () => parseStreamRoute(values)) ?? null;
    } catch (error) {
      this.#log.debug({ err: error, streamId }, 'stream not looked up: Redis does not answer');
      return;
    }
    this.#onChange(streamId);
  }

  #changed(message: string): void {
    const event = this.#entries.parse('event message', 'outbox', () => parseEventMessage(message));
    if (event && this.#known.has(event.streamId)) this.refresh(event.streamId);
  }

  #forgetAll(): void {
    for (const streamId of this.#known.keys()) this.refresh(streamId);
  }
}
