import type { Logger } from '../../common/createLogger.ts';

const INTERVAL_MS = 1_000;

export interface Refusal {
  /** The reject code that the caller got (1400 and up). */
  code: number;
  why: string;
  peer: string;
}

/** Tells of refused callers, at most one line a second: some encoders try again a hundred times a second. */
export class RefusalLog {
  readonly #log: Logger;
  #count = 0;
  #last: Refusal | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** @param now ms, monotonic */
  add(refusal: Refusal, now: number): void {
    this.#count += 1;
    this.#last = refusal;
    this.flush(now);
  }

  /** Writes what is pending once a second has passed since the last line. */
  flush(now: number): void {
    if (this.#last && now - this.#writtenAt >= INTERVAL_MS) this.#write(now);
  }

  /** Writes what is pending at once. */
  close(): void {
    if (this.#last) this.#write(Number.POSITIVE_INFINITY);
  }

  #write(now: number): void {
    this.#log.warn({ refused: this.#count, ...this.#last }, 'SRT callers refused');
    this.#writtenAt = now;
    this.#count = 0;
    this.#last = undefined;
  }
}
