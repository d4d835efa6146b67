import { setTimeout as pause } from 'node:timers/promises';

/**
 * Asks again and again until the answer is truthy, and gives it back. Throws `<what> did not happen within …` after the
 * deadline, or the signal's reason when it is aborted.
 * @param what names the condition, e.g. "the first playlist"
 */
export async function waitUntil<Value>(
  what: string,
  ask: () => Promise<Value> | Value,
  options: { timeoutMs: number; everyMs?: number; signal?: AbortSignal },
): Promise<NonNullable<Exclude<Value, false>>> {
  for (const until = performance.now() + options.timeoutMs; ; ) {
    options.signal?.throwIfAborted();
    const value = await ask();
    if (value) return value as NonNullable<Exclude<Value, false>>;
    if (performance.now() > until) throw new Error(`${what} did not come within ${options.timeoutMs / 1_000} s`);
    // An abort ends the pause; the loop's first line then says why.
    await pause(options.everyMs ?? 100, undefined, options.signal && { signal: options.signal }).catch(() => undefined);
  }
}
