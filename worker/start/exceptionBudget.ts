const LIMIT = 5;
const WINDOW_MS = 60_000;

/**
 * How many uncaught exceptions a worker survives. A single one is a fault in one stream or job: the callback that threw has no
 * other effect than its own failure, and the other streams must not pay for it. After many in a short time the process's
 * state cannot be trusted.
 */
export class ExceptionBudget {
  #at: number[] = [];

  /** Counts one. False when there were more than 5 within a minute. @param now ms, monotonic */
  survives(now: number): boolean {
    this.#at = [...this.#at.filter(at => now - at < WINDOW_MS), now];
    return this.#at.length <= LIMIT;
  }
}
