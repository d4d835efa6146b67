import type { Logger } from '../../common/createLogger.ts';
import type { LiveAnswer } from './liveAnswer.ts';

const AGAIN_MS = 60_000;
const MOST = 1_000;

/** Says in the log why a worker's origin is of no use: once a minute for each, since many viewers ask. */
export class OriginComplaints {
  readonly #log: Logger;
  readonly #saidAt = new Map<string, number>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param answer what it answered; undefined: nothing */
  note(origin: string, answer: LiveAnswer | undefined, error?: unknown): void {
    const now = performance.now();
    if (now - (this.#saidAt.get(origin) ?? Number.NEGATIVE_INFINITY) < AGAIN_MS) return;
    if (this.#saidAt.size >= MOST) this.#saidAt.clear();
    this.#saidAt.set(origin, now);
    if (answer === undefined) {
      const sentence =
        'the origin of a worker does not answer; viewers wait for another worker (ORIGIN_BIND, ORIGIN_HOST)';
      this.#log.warn({ err: error, origin }, sentence);
    } else if (answer.status === 401) {
      this.#log.warn({ origin }, 'the origin of a worker refuses the key of this API; set HMAC_SECRET alike for both');
    } else this.#log.warn({ origin, status: answer.status }, 'the origin of a worker failed to answer; retry follows');
  }
}
