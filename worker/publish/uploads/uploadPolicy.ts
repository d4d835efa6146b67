import { StoreError } from '../store/storeError.ts';
import { isPermanent } from '../store/storeFault.ts';

/** Waiting as long as a store asks for is not a failed attempt, but it has an end. */
export const DELAYS = 20;

/** The same upload again cannot succeed: the file is gone, its name has other bytes, or an operator must act. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof StoreError)) return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
  return error.kind === 'precondition' || isPermanent(error.kind);
}

/** How long the store asked to be left alone (ms). */
export const retryAfter = (error: unknown): number | undefined =>
  error instanceof StoreError ? error.retryAfterMs : undefined;
