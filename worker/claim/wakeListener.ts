import type { Redis } from 'ioredis';
import { EntryParser } from '../../common/redis/entryParser.ts';
import { keys } from '../../common/redis/keys.ts';
import { streamId } from '../../common/stream/streamId.ts';

/** Receives which streams should read their desired state now. A lost message delays a stop until the next renewal (2 s). */
export class WakeListener {
  readonly #subscriber: Redis;

  /** @param subscriber a connection of its own; it stays the caller's */
  constructor(subscriber: Redis, onWake: (streamId: string) => void, entries = new EntryParser()) {
    this.#subscriber = subscriber;
    subscriber.on('message', (channel, message) => {
      if (channel !== keys.wakeChannel) return;
      const id = entries.parse('wake message', keys.wakeChannel, () => streamId.parse(message));
      if (id !== undefined) onWake(id);
    });
  }

  /** Subscribes as soon as Redis is there; ioredis subscribes again after each reconnect. */
  async start(): Promise<void> {
    await this.#subscriber.subscribe(keys.wakeChannel);
  }
}
