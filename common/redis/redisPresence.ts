import type { Redis } from 'ioredis';
import { withDeadline } from '../withDeadline.ts';

/** How long Redis may take to answer before it counts as away. */
const ANSWER_MS = 500;

/** Redis did not take a command in time; it may still carry it out when it is back. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway';
}

/**
 * Whether Redis answers, for a connection whose commands wait for it instead of failing (role `queue`): it is away
 * while the connection is broken, and from the first command that gets no answer in time until that one is answered.
 */
export class RedisPresence {
  readonly #redis: Redis;
  readonly #onBack: () => void;
  readonly #onLost = (): void => {
    this.#lost = true;
  };
  readonly #onReady = (): void => {
    this.#lost = false;
    this.#tellBack();
  };
  #lost = false;
  #unanswered = 0;

  /** @param onBack Redis answers (again); also called at the first connection */
  constructor(redis: Redis, onBack: () => void) {
    this.#redis = redis;
    this.#onBack = onBack;
    redis.on('close', this.#onLost);
    redis.on('ready', this.#onReady);
  }

  get away(): boolean {
    return this.#lost || this.#unanswered > 0;
  }

  /** The command's own answer; throws RedisAway after 500 ms, or at once while Redis is known to be away. */
  async ask<Answer>(command: () => Promise<Answer>): Promise<Answer> {
    if (this.away) throw new RedisAway('Redis is away');
    const answer = command();
    return withDeadline(answer, ANSWER_MS, () => {
      this.#waitFor(answer);
      throw new RedisAway(`Redis has not answered within ${ANSWER_MS} ms`);
    });
  }

  close(): void {
    this.#redis.off('close', this.#onLost);
    this.#redis.off('ready', this.#onReady);
  }

  #waitFor(answer: Promise<unknown>): void {
    this.#unanswered += 1;
    const settle = (): void => {
      this.#unanswered -= 1;
      this.#tellBack();
    };
    void answer.then(settle, settle);
  }

  #tellBack(): void {
    if (!this.away) this.#onBack();
  }
}
