import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { withDeadline } from '../../common/withDeadline.ts';
import { isPositionAfter } from './isPositionAfter.ts';
import { type PlacedEvent, readEntry } from './placedEvent.ts';

const BATCH = 500;
const READ_MS = 5_000;
const CLOSE_MS = 2_000;

export interface EventListener {
  onEvent(event: PlacedEvent): void;
  /** Redis was away for so long that events may have been trimmed before they could be read. */
  onBack(): void;
  /** This process stops. */
  onEnd(): void;
}

/** All streams' events as they are written, read once for all who listen in this process. An outage of Redis loses none. */
export class EventFeed {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #entries: EntryParser;
  readonly #listeners = new Map<string, Set<EventListener>>();
  readonly #stopping = new AbortController();
  #loop: Promise<void> | undefined;

  /** @param deps.redis role `queue`, for this alone: reading blocks it */
  constructor(deps: { redis: Redis; entries: EntryParser; log: Logger }) {
    this.#redis = deps.redis;
    this.#entries = deps.entries;
    this.#log = deps.log;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#each(listener => listener.onEnd());
    // A blocking read cannot be called off otherwise.
    this.#redis.disconnect();
    await withDeadline(Promise.resolve(this.#loop), CLOSE_MS, () => undefined);
  }

  /**
   * Returns what ends it.
   * @param streamId undefined: all streams
   */
  listen(streamId: string | undefined, listener: EventListener): () => void {
    if (this.#stopping.signal.aborted) listener.onEnd();
    const key = streamId ?? '';
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    let position: string | undefined;
    while (!signal.aborted) {
      try {
        position ??= await this.#last();
        position = await this.#read(position);
      } catch (error) {
        if (signal.aborted) return;
        this.#log.debug({ err: error }, 'events not read; retry follows');
        await sleep(500, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #last(): Promise<string> {
    const [last] = await this.#redis.xrevrange(keys.eventHistory, '+', '-', 'COUNT', 1);
    return last?.[0] ?? '0-0';
  }

  /** Waits for what comes after a position. Resolves to the last one's. */
  async #read(position: string): Promise<string> {
    const answer = await this.#redis.xread('COUNT', BATCH, 'BLOCK', READ_MS, 'STREAMS', keys.eventHistory, position);
    const entries = answer?.[0]?.[1] ?? [];
    if (entries.length === BATCH && (await this.#isTrimmed(position))) this.#each(listener => listener.onBack());
    for (const [id, fields] of entries) {
      const event = this.#entries.parse('event', id, () => readEntry(id, fields));
      if (!event) continue;
      for (const key of [event.streamId, '']) for (const one of this.#listeners.get(key) ?? []) one.onEvent(event);
    }
    return entries.at(-1)?.[0] ?? position;
  }

  /** Only who is far behind can have missed something. */
  async #isTrimmed(position: string): Promise<boolean> {
    const [oldest] = await this.#redis.xrange(keys.eventHistory, '-', '+', 'COUNT', 1);
    return oldest !== undefined && position !== '0-0' && isPositionAfter(oldest[0], position);
  }

  #each(call: (listener: EventListener) => void): void {
    for (const listeners of this.#listeners.values()) for (const listener of listeners) call(listener);
  }
}
