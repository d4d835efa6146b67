const SAME_REQUEST_MS = 1_000;

/**
 * Calls back on SIGINT and SIGTERM with the number of the request to end: 1 for the first one, 2 when it is repeated.
 * Signals within a second of a request belong to it: on Ctrl-C both the terminal and npm send SIGINT.
 * @returns removes the handlers
 */
export function onEndSignals(
  onRequest: (count: number, signal: NodeJS.Signals) => void,
  signals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM'],
): () => void {
  let count = 0;
  let requestedAt = Number.NEGATIVE_INFINITY;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (performance.now() - requestedAt < SAME_REQUEST_MS) return;
    requestedAt = performance.now();
    count += 1;
    onRequest(count, signal);
  };
  for (const signal of signals) process.on(signal, onSignal);
  return () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
}
