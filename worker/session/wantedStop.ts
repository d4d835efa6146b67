import type { StreamReason } from '../../common/stream/streamState.ts';
import type { Ending } from './sessionEnding.ts';

/** For how long a stream that is to end at once waits for segments that are not stored yet (ms). */
const COMPLETED_SETTLE_MS = 1_000;

/** The end that the record asks for. */
export const wantedStop = (reason: string): Ending => ({
  kind: 'stopped',
  reason: reason as StreamReason,
  message: reason === 'max_duration' ? 'The stream was on the air for its max_duration_seconds' : 'Stopped on request',
});

/** How the output of a session with this end is finished. */
export function finishOptions(ending: Ending): { endList: boolean; settleMs?: number } {
  if (ending.kind !== 'stopped') return { endList: false };
  return { endList: true, ...(ending.reason === 'completed' && { settleMs: COMPLETED_SETTLE_MS }) };
}
