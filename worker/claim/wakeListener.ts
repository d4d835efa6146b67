import type { Redis } from 'ioredis';
import { keys } from '../../common/redis/keys.ts';

/** Hears which streams should look at their wanted state now. A lost message costs one renewal (2 s), never a stop. */
export class WakeListener {
  readonly #subscriber: Redis;

  /** @param subscriber a connection of its own; it stays the caller's */
  constructor(subscriber: Redis, onWake: (streamId: string) => void) {
    this.#subscriber = subscriber;
    subscriber.on('message', (channel, streamId) => {
      if (channel === keys.wakeChannel) onWake(streamId);
    });
  }

  /** Subscribes as soon as Redis is there; ioredis subscribes again after each reconnect. */
  async start(): Promise<void> {
    await this.#subscriber.subscribe(keys.wakeChannel);
  }
}
