import type { SessionTimes } from './sessionContract.ts';

/** A stream's own windows where its record has some, in place of the worker's. */
export function streamTimes(recorded: (field: string) => string | undefined, times: SessionTimes): SessionTimes {
  const ms = (field: string): number | undefined => {
    const seconds = Number(recorded(field));
    return seconds > 0 ? seconds * 1_000 : undefined;
  };
  return {
    connectMs: ms('connectTimeoutSeconds') ?? times.connectMs,
    reconnectMs: ms('reconnectTimeoutSeconds') ?? times.reconnectMs,
  };
}
