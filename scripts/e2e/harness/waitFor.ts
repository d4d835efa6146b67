import { setTimeout as sleep } from 'node:timers/promises';

/** Asks `look` again and again until it gives something; throws with `what` and the last error after `timeoutMs`. */
export async function waitFor<Result>(
  what: string,
  look: () => Promise<Result | undefined | false> | Result | undefined | false,
  timeoutMs = 20_000,
): Promise<Result> {
  const until = performance.now() + timeoutMs;
  let lastError: unknown;
  while (performance.now() < until) {
    try {
      const result = await look();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      lastError = error;
    }
    await sleep(50);
  }
  throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause: lastError });
}
