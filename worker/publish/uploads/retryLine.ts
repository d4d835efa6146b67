const PROBE_MS = 3_000;
/** Two for each one that succeeded: the backlog of an outage goes out ever faster, and a store that stumbles again gets little. */
const TURNS = 2;

/**
 * Those who failed and wait for another try, the newest first: viewers want the live edge. Each success gives turns to
 * two of them. While nothing succeeds one of them is let through at times, to see whether it does.
 */
export class RetryLine {
  readonly #probeMs: number;
  readonly #waiting: ((turn: boolean) => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(probeMs = PROBE_MS) {
    this.#probeMs = probeMs;
  }

  /** False when the signal aborts, or the line is closed, before the turn comes. */
  turn(signal: AbortSignal): Promise<boolean> {
    if (this.#closed || signal.aborted) return Promise.resolve(false);
    this.#timer ??= setInterval(() => this.#next(1), this.#probeMs);
    return new Promise(resolve => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(end), 1);
        end(false);
      };
      const end = (turn: boolean): void => {
        signal.removeEventListener('abort', leave);
        resolve(turn);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(end);
    });
  }

  /** Something succeeded. */
  advance(): void {
    this.#next(TURNS);
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const end of this.#waiting.splice(0)) end(false);
  }

  #next(turns: number): void {
    for (let i = 0; i < turns; i += 1) this.#waiting.pop()?.(true);
    if (this.#waiting.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
