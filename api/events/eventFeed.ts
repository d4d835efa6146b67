import type { Redis } from 'ioredis';
import type { Logger } from '../../common/createLogger.ts';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { parseEventMessage, type StreamEvent } from '../../common/stream/streamEvent.ts';

export interface EventListener {
  onEvent(event: StreamEvent): void;
  /** Redis is back after it was away: events may have been missed. */
  onBack(): void;
  /** This process stops. */
  onEnd(): void;
}

/** All streams' events as they are written, over one subscription for all who listen in this process. */
export class EventFeed {
  readonly #redis: Redis;
  readonly #log: Logger;
  readonly #entries: EntryParser;
  readonly #listeners = new Map<string, Set<EventListener>>();
  #stopped = false;

  /** @param deps.redis role `subscriber`; stays the caller's, who may subscribe to more */
  constructor(deps: { redis: Redis; entries: EntryParser; log: Logger }) {
    this.#redis = deps.redis;
    this.#entries = deps.entries;
    this.#log = deps.log;
  }

  start(): void {
    this.#redis.on('message', this.#onMessage);
    this.#redis.on('ready', this.#onReady);
    // ioredis subscribes again by itself after each reconnect.
    void this.#redis
      .subscribe(keys.outbox)
      .catch(error =>
        this.#log.debug({ err: error }, 'not subscribed to events; ioredis subscribes when it reconnects'),
      );
  }

  stop(): void {
    this.#stopped = true;
    this.#redis.off('message', this.#onMessage);
    this.#redis.off('ready', this.#onReady);
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.onEnd();
  }

  /** Returns what ends it. */
  listen(streamId: string, listener: EventListener): () => void {
    if (this.#stopped) listener.onEnd();
    const listeners = this.#listeners.get(streamId) ?? new Set();
    this.#listeners.set(streamId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(streamId) === listeners) this.#listeners.delete(streamId);
    };
  }

  readonly #onMessage = (channel: string, message: string): void => {
    if (channel !== keys.outbox) return;
    const event = this.#entries.parse('event', 'on the channel', () => parseEventMessage(message));
    if (!event) return;
    for (const listener of this.#listeners.get(event.streamId) ?? []) listener.onEvent(event);
  };

  readonly #onReady = (): void => {
    for (const listeners of this.#listeners.values()) for (const listener of listeners) listener.onBack();
  };
}
