import type { Redis } from 'ioredis';
import type { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { askRedis } from '../http/askRedis.ts';
import { type PlacedEvent, readEntry } from './placedEvent.ts';

const PAGE = 200;

/** Events that were written lately: the last 100 of a stream, and about the last 10,000 of all (append-event.lua). */
export class EventHistory {
  readonly #redis: Redis;
  readonly #entries: EntryParser;

  /** @param redis role `request` */
  constructor(redis: Redis, entries: EntryParser) {
    this.#redis = redis;
    this.#entries = entries;
  }

  /** Oldest first. Throws `redis_unavailable`. */
  async ofStream(streamId: string): Promise<PlacedEvent[]> {
    return this.#parse(await askRedis(() => this.#redis.xrange(keys.streamEvents(streamId), '-', '+')));
  }

  /** Those of all streams after a position, oldest first, in pages. Throws `redis_unavailable`. */
  async *after(position: string): AsyncGenerator<PlacedEvent[]> {
    for (let from = position; ; ) {
      const start = `(${from}`;
      const entries = await askRedis(() => this.#redis.xrange(keys.eventHistory, start, '+', 'COUNT', PAGE));
      yield this.#parse(entries);
      from = entries.at(-1)?.[0] ?? from;
      if (entries.length < PAGE) return;
    }
  }

  /** Of all streams: where the oldest event is that is still there, and the newest; undefined when there is none. */
  async bounds(): Promise<{ oldest: string; newest: string } | undefined> {
    const [[oldest], [newest]] = await askRedis(() =>
      Promise.all([
        this.#redis.xrange(keys.eventHistory, '-', '+', 'COUNT', 1),
        this.#redis.xrevrange(keys.eventHistory, '+', '-', 'COUNT', 1),
      ]),
    );
    return oldest && newest && { oldest: oldest[0], newest: newest[0] };
  }

  #parse(entries: readonly [string, string[]][]): PlacedEvent[] {
    return entries.flatMap(([id, fields]) => this.#entries.parse('event', id, () => readEntry(id, fields)) ?? []);
  }
}
