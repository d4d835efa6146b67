import { StoreError } from '../store/storeError.ts';
import { isPermanent } from '../store/storeFault.ts';

/** Waiting as long as a store asks for is not a failed attempt, but it has an end. */
export const DELAYS = 20;

/** The same upload again cannot succeed: the file is gone, its name has other bytes, or an operator must act. */
export function isFinal(error: unknown): boolean {
  if (!(error instanceof StoreError)) return (error as NodeJS.ErrnoException | null)?.code === 'ENOENT';
  return error.kind === 'precondition' || isPermanent(error.kind);
}

/** How long the store asked for no further request (ms). */
export const retryAfter = (error: unknown): number | undefined =>
  error instanceof StoreError ? error.retryAfterMs : undefined;

/** The error as a job's `failedReason`, for failureOf() in another process. */
export const failureText = (error: Error): string =>
  error instanceof StoreError ? `${error.kind}: ${error.message}` : error.message;

/** A job's `failedReason` as the error that it was: `denied: …` and `config: …` end the stream. */
export function failureOf(failedReason: string | undefined): Error {
  const text = failedReason ?? 'the upload failed';
  const [, kind, message = text] = /^(denied|config|precondition): (.*)$/s.exec(text) ?? [];
  if (kind === 'denied' || kind === 'config' || kind === 'precondition') return new StoreError(kind, message);
  return new Error(text);
}
