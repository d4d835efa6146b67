/**
 * What was acquired, in order. `stop()` releases in reverse, runs every step even when one fails, may be called twice
 * (the second call waits for the first), and throws the failures at the end.
 */
export class StopStack {
  readonly #steps: { name: string; stop: () => unknown }[] = [];
  #stopping: Promise<void> | undefined;

  push(name: string, stop: () => unknown): void {
    this.#steps.push({ name, stop });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    const failures: Error[] = [];
    for (const { name, stop } of this.#steps.toReversed()) {
      try {
        await stop();
      } catch (error) {
        failures.push(new Error(`stopping ${name} failed`, { cause: error }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map(f => f.message).join('; '));
  }
}
