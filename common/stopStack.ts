import { withDeadline } from './withDeadline.ts';

const STEP_MS = 10_000;

/**
 * What was acquired, in order. `stop()` releases in reverse, runs every step even when one fails or does not end in time, may
 * be called twice (the second call waits for the first), and throws the failures at the end.
 */
export class StopStack {
  readonly #steps: { name: string; stop: () => unknown; withinMs: number }[] = [];
  #stopping: Promise<void> | undefined;

  /** @param withinMs what the step may take (ms). Default 10 s */
  push(name: string, stop: () => unknown, withinMs = STEP_MS): void {
    this.#steps.push({ name, stop, withinMs });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const failures: Error[] = [];
    for (const { name, stop, withinMs } of this.#steps.toReversed()) {
      try {
        await withDeadline(Promise.resolve(stop()), withinMs, () => {
          throw new Error(`it did not stop within ${withinMs / 1000} s`);
        });
      } catch (error) {
        failures.push(new Error(`stopping ${name} failed`, { cause: error }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(f => f.message).join('; '));
  }
}
