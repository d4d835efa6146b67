/** What became of an upload. `abandoned`: nobody waits for it any more. */
export type UploadOutcome = { kind: 'stored' } | { kind: 'failed'; error: Error } | { kind: 'abandoned' };

export interface Waiter {
  /** performance.now() of when the wait began, or of when the job was last asked for. */
  since: number;
  settle(outcome: UploadOutcome): void;
}

/** Publishers of this process that wait for an object to be stored, by key. */
export class UploadWaiters {
  readonly #waiting = new Map<string, Waiter>();

  wait(key: string, signal: AbortSignal | undefined): Promise<UploadOutcome> {
    return new Promise(resolve => {
      const abandon = (): void => void this.settle(key, { kind: 'abandoned' });
      this.#waiting.set(key, {
        since: performance.now(),
        settle: outcome => {
          signal?.removeEventListener('abort', abandon);
          resolve(outcome);
        },
      });
      signal?.addEventListener('abort', abandon, { once: true });
      if (signal?.aborted) abandon();
    });
  }

  /** False when nobody waits for the key here. */
  settle(key: string, outcome: UploadOutcome): boolean {
    const waiter = this.#waiting.get(key);
    if (!waiter) return false;
    this.#waiting.delete(key);
    waiter.settle(outcome);
    return true;
  }

  has(key: string): boolean {
    return this.#waiting.has(key);
  }

  /** Keys waited for longer than `ms`; each is named once per such time. */
  overdue(ms: number): string[] {
    const now = performance.now();
    return [...this.#waiting].flatMap(([key, waiter]) => {
      if (now - waiter.since < ms) return [];
      waiter.since = now;
      return [key];
    });
  }
}
