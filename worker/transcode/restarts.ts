import { setTimeout as sleep } from 'node:timers/promises';
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

/** The longest pause before another attempt. */
const LONGEST_PAUSE_MS = 4_000;

/**
 * Runs `attempt` again after each AttemptFailure, with growing pauses, until it ends well or may not be tried again; then
 * the last failure's cause is thrown. A good run begins a new row of pauses. Any other error is thrown at once.
 * @param options.mayRestart whether to try again; default: `limits.restarts` times in a row
 */
export async function withRestarts(
  attempt: () => Promise<void>,
  options: {
    limits: TranscodeLimits;
    signal: AbortSignal;
    mayRestart?: ((cause: Error) => Promise<boolean>) | undefined;
    /** @param cause what failed, with FFmpeg's last lines */
    onPause(ms: number, cause: Error): void;
  },
): Promise<void> {
  const { limits, signal, onPause } = options;
  let inRow = 0;
  let cause: Error;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof AttemptFailure)) throw error;
      inRow = error.ranWell ? 0 : inRow + 1;
      const may = options.mayRestart ? await options.mayRestart(error.cause) : inRow <= limits.restarts;
      signal.throwIfAborted();
      if (!may) throw error.cause;
      cause = error.cause;
    }
    const ms = Math.min(limits.restartMs * 2 ** Math.max(0, inRow - 1), LONGEST_PAUSE_MS);
    onPause(ms, cause);
    await sleep(ms, undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
  }
}
