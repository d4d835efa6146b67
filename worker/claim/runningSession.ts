import type { StreamJob } from '../../common/redis/queues.ts';
import type { HandOver } from './leaseScripts.ts';
import type { StreamLease } from './streamLease.ts';

/** How a session ended: the run is over, another worker has it, or it is to go on elsewhere. */
export type SessionEnd = 'stopped' | 'fenced' | 'handed_over';

/** One stream's life on this worker, from the lease to its end. Never rejects. */
export interface RunningSession {
  readonly finished: Promise<SessionEnd>;
  /** Resolves when its media is over: FFmpeg has written its last segment, SRT is closed. */
  readonly offAir: Promise<void>;
  wake(): void;
  /** Ends this worker's part; the stream is to go on elsewhere. */
  handOver(how: HandOver): void;
}

/** @param lostAfterMs an owner before died, or was cut off, after so long */
export type StartSession = (
  job: StreamJob,
  lease: StreamLease,
  acquiredAt: number,
  lostAfterMs: number | undefined,
) => RunningSession;
