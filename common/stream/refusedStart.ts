import { AppError } from '../errors.ts';
import type { StartQuota } from './startOptions.ts';

/** Why start-stream.lua created no record. @param detail the state, the number of streams, or the time to wait (ms) */
export function refusedStart(
  outcome: number,
  detail: string,
  { streamId, quota }: { streamId: string; quota?: StartQuota | undefined },
): AppError {
  if (outcome === 2) {
    const rule = `${detail} streams run already, as many as MAX_STREAMS allows; stop one, or start later`;
    return new AppError('quota', rule);
  }
  if (outcome === 3) {
    const rule = `${detail} streams of the key "${quota?.keyId}" run already, as many as its max_streams allows; stop one, or start later`;
    return new AppError('quota', rule);
  }
  if (outcome === 4) {
    const seconds = Math.ceil(Number(detail) / 1_000);
    const rule = `the key "${quota?.keyId}" may start ${quota?.startsPerMinute} streams a minute; start the next one in ${seconds} s`;
    return new AppError('quota', rule, { retryAfterSeconds: seconds });
  }
  const rule = `stream "${streamId}" is already ${detail}. Its status shows its SRT URL; stop it before you start it again`;
  return new AppError('stream_running', rule);
}
