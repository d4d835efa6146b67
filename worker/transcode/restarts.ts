import pRetry, { AbortError } from 'p-retry';
import type { TranscodeLimits } from './transcodeLimits.ts';

/** An attempt that failed in a way that may pass; `cause` is the error to report. */
export class AttemptFailure extends Error {
  override readonly cause: Error;
  /** It ran well for long first, which makes up for the failures before it. */
  readonly ranWell: boolean;

  constructor(cause: Error, ranWell: boolean) {
    super(cause.message);
    this.cause = cause;
    this.ranWell = ranWell;
  }
}

/**
 * Runs `attempt` again after each AttemptFailure, with growing pauses, until it ends well or has failed too often in a row;
 * then the last failure's cause is thrown. Any other error, and the signal's reason, are thrown at once.
 */
export async function withRestarts(
  attempt: () => Promise<void>,
  options: { limits: TranscodeLimits; signal: AbortSignal; onPause(ms: number): void },
): Promise<void> {
  const { limits, signal, onPause } = options;
  try {
    let isRowOver = true;
    do {
      isRowOver = await pRetry(() => endsRow(attempt), {
        retries: limits.restarts,
        minTimeout: limits.restartMs,
        factor: 2,
        signal,
        onFailedAttempt: ({ retryDelay, retriesLeft }) => {
          if (retriesLeft > 0) onPause(retryDelay);
        },
      });
    } while (!isRowOver);
  } catch (error) {
    throw error instanceof AttemptFailure ? error.cause : error;
  }
}

/** False: the attempt failed after it had run well, so that a new row of attempts begins. */
async function endsRow(attempt: () => Promise<void>): Promise<boolean> {
  try {
    await attempt();
    return true;
  } catch (error) {
    if (!(error instanceof AttemptFailure)) throw new AbortError(error instanceof Error ? error : String(error));
    if (error.ranWell) return false;
    throw error;
  }
}
