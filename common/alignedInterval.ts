/**
 * Calls back every `ms`, at the same moment as all other intervals of that length in this process, so that what they ask
 * of Redis goes together (batch.ts). Does not wait for what the callback starts. Returns how to end it.
 */
export function alignedInterval(ms: number, callBack: () => void): () => void {
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    timer = setTimeout(
      () => {
        schedule();
        callBack();
      },
      // Just after each moment: a timer that fires early would call twice.
      ms - ((performance.now() + 2) % ms) + 2,
    );
  };
  schedule();
  return () => clearTimeout(timer);
}
