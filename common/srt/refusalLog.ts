import type { Logger } from '../createLogger.ts';

const INTERVAL_MS = 1_000;

export interface Refusal {
  /** The reject code that the caller got (1400 and up). */
  code: number;
  why: string;
  peer: string;
}

/** The last of some refusals, how many they are, and how many of each code. */
export type Refusals = Refusal & { refused: number; codes: Readonly<Record<string, number>> };

/** Reports refused callers, at most once a second: some encoders try again a hundred times a second. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #onRefused: (refusals: Refusals) => void;
  #closed = false;
  #count = 0;
  #codes: Record<string, number> = {};
  #last: Refusal | undefined;
  #writtenAt = Number.NEGATIVE_INFINITY;

  /** @param onRefused gets what each log line says, until `close()` returns */
  constructor(log: Logger, onRefused: (refusals: Refusals) => void = () => undefined) {
    this.#log = log;
    this.#onRefused = onRefused;
  }

  /** @param now ms, monotonic */
  add(refusal: Refusal, now: number): void {
    this.#count += 1;
    this.#codes[refusal.code] = (this.#codes[refusal.code] ?? 0) + 1;
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
    this.#closed = true;
  }

  #write(now: number): void {
    if (!this.#last) return;
    const refusals = { refused: this.#count, ...this.#last, codes: this.#codes };
    this.#log.warn(refusals, 'SRT callers refused');
    if (!this.#closed) this.#onRefused(refusals);
    this.#writtenAt = now;
    this.#count = 0;
    this.#codes = {};
    this.#last = undefined;
  }
}
