const MOST = 10_000;

/** Who is over a limit, and until when: what Redis said last. Holds the latest 10,000. */
export class PastLimit {
  readonly #until = new Map<string, number>();

  set(subject: string, forMs: number): void {
    this.#until.delete(subject);
    this.#until.set(subject, performance.now() + forMs);
    const [oldest] = this.#until.keys();
    if (this.#until.size > MOST && oldest !== undefined) this.#until.delete(oldest);
  }

  /** How long it still is (ms); 0: it is not, as far as is known. */
  forMs(subject: string): number {
    const until = this.#until.get(subject);
    if (until === undefined) return 0;
    const left = until - performance.now();
    if (left > 0) return left;
    this.#until.delete(subject);
    return 0;
  }
}
