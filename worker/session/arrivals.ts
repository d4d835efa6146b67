import { EventEmitter, once } from 'node:events';

/** Encoders that got in, in order, for the one session that serves them. */
export class Arrivals<Encoder> {
  readonly #waiting: Encoder[] = [];
  readonly #bell = new EventEmitter();

  add(encoder: Encoder): void {
    this.#waiting.push(encoder);
    this.#bell.emit('arrived');
  }

  /** The next encoder; undefined when none comes in time or the signal aborts. */
  async next(waitMs: number, signal: AbortSignal): Promise<Encoder | undefined> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(Math.max(0, Math.ceil(waitMs)))]);
    while (this.#waiting.length === 0 && !limit.aborted) {
      await once(this.#bell, 'arrived', { signal: limit }).catch(() => undefined);
    }
    return signal.aborted ? undefined : this.#waiting.shift();
  }
}
