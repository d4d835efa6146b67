interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

/**
 * Collects calls for a moment and carries them out together, so that a hundred small commands to Redis become
 * one script's. When that fails each of the calls does.
 */
export class Batch<Item, Result> {
  readonly #run: (items: readonly Item[]) => Promise<readonly Result[]>;
  readonly #windowMs: number;
  readonly #most: number;
  #waiting: Waiting<Item, Result>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;

  /**
   * @param run answers with one result for each item, in their order
   * @param options.windowMs 0: what is added before the event loop's next turn goes together
   * @param options.most items at a time: Redis does nothing else while a script runs
   */
  constructor(
    run: (items: readonly Item[]) => Promise<readonly Result[]>,
    options: { windowMs: number; most: number },
  ) {
    this.#run = run;
    this.#windowMs = options.windowMs;
    this.#most = options.most;
  }

  add(item: Item): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#waiting.length >= this.#most) this.#flush();
      else this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#windowMs > 0) this.#timer ??= setTimeout(() => this.#flush(), this.#windowMs);
    else if (!this.#isDue) setImmediate(() => this.#flush());
    this.#isDue = true;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isDue = false;
    if (this.#waiting.length === 0) return;
    const calls = this.#waiting;
    this.#waiting = [];
    void this.#carryOut(calls);
  }

  async #carryOut(calls: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await this.#run(calls.map(({ item }) => item));
      for (const [i, { resolve, reject }] of calls.entries()) {
        if (i in results) resolve(results[i] as Result);
        else reject(new Error('the answer to a batch is incomplete'));
      }
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }
}
