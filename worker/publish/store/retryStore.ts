import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from './storeError.ts';
import { isPermanent } from './storeFault.ts';

const PAUSE_MS = 500;

/** Repeats a call to the store while it fails for a passing reason, until the signal aborts; then throws the last failure. */
export async function retryStore<Result>(call: () => Promise<Result>, signal: AbortSignal): Promise<Result> {
  let last: unknown;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error instanceof StoreError && error.kind === 'aborted') throw last ?? error;
      last = error;
      const passing = error instanceof StoreError && !isPermanent(error.kind) && error.kind !== 'precondition';
      if (!passing || signal.aborted) throw error;
      await sleep(Math.max(PAUSE_MS, error.retryAfterMs ?? 0), undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw error;
    }
  }
}
