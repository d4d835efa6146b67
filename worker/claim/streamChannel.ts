import type { Redis } from 'ioredis';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { streamId } from '../../common/stream/streamId.ts';

/** Receives the ids of streams that others publish on one channel. A message may be lost: whoever needs it looks in time by itself. */
export class StreamChannel {
  readonly #subscriber: Redis;
  readonly #channel: string;

  /** @param subscriber a connection for channels alone; it stays the caller's */
  constructor(subscriber: Redis, channel: string, onStream: (streamId: string) => void, entries = new EntryParser()) {
    this.#subscriber = subscriber;
    this.#channel = channel;
    subscriber.on('message', (from, message) => {
      if (from !== channel) return;
      const id = entries.parse('channel message', channel, () => streamId.parse(message));
      if (id !== undefined) onStream(id);
    });
  }

  /** Subscribes as soon as Redis is there; ioredis subscribes again after each reconnect. */
  async start(): Promise<void> {
    await this.#subscriber.subscribe(this.#channel);
  }
}
