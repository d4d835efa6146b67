/**
 * The work's result, or what `onLate` returns (or throws) after `ms`. The work itself goes on, and a later failure of it
 * is ignored: for calls that take no AbortSignal. @param signal ends the wait early, as if the time had elapsed
 */
export async function withDeadline<Result, Late = undefined>(
  work: Promise<Result>,
  ms: number,
  onLate: () => Late,
  signal?: AbortSignal,
): Promise<Result | Late> {
  const elapsed = Promise.withResolvers<void>();
  const timer = setTimeout(elapsed.resolve, ms);
  const end = (): void => elapsed.resolve();
  if (signal?.aborted) end();
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, elapsed.promise.then(onLate)]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}
