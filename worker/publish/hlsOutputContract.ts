import type { Redis } from 'ioredis';
import type { Rendition } from '../../common/config/encoding.ts';
import type { Logger } from '../../common/createLogger.ts';
import type { AppError } from '../../common/errors.ts';
import type { RecordingJob, RetentionJob } from '../../common/redis/queues.ts';
import type { StreamLatency } from '../../common/stream/streamLatency.ts';
import type { EpochParts } from '../segment/segmentEpoch.ts';
import type { FfmpegLauncher } from '../transcode/ffmpegLauncher.ts';
import type { Ledger } from './playlist/ledger.ts';
import type { ClosedSegment } from './spool/closedSegment.ts';
import type { Spool } from './spool/spool.ts';
import type { ObjectStore } from './store/objectStore.ts';
import type { Uploads } from './uploads/uploads.ts';

/** The live edge of a stream with low latency, as its publisher feeds it. */
export interface LiveFeed {
  /** Seconds; undefined: no part was made yet. */
  readonly partTarget: number | undefined;
  /** Publishing begins with this ledger. @param multivariant the playlist as it is in the store */
  begin(ledger: Ledger, multivariant: () => string | undefined): void;
  update(ledger: Ledger): void;
  /** A source of media begins. @param followsSource segments end with the key frames of the encoder */
  openEpoch(ledger: Ledger, followsSource: boolean): EpochParts;
  /** The stream is over: the next ledgers that are updated may say so. */
  end(): void;
  /** The stream is not this owner's any more. May be called twice. */
  leave(): void;
}

export interface HlsOutputDeps {
  store: ObjectStore;
  /** The store was probed and holds conditional PUTs (ObjectStore.probeConditionalPut). */
  fences: boolean;
  uploads: Pick<Uploads, 'upload'>;
  spool: Spool;
  /** Role `request`: fails at once while Redis is away. */
  redis: Redis;
  /** Least time between two PUTs of one playlist (ms): 1000 for R2, less for a folder. */
  playlistIntervalMs: number;
  /** Has what a run leaves in the store deleted when its time has come; left out: it stays. */
  retire?: (job: RetentionJob) => Promise<void>;
  /** Has a recording made whole that could not be finished at the end; left out: it stays as it is. */
  complete?: (job: RecordingJob) => Promise<void>;
  /** What makes posters; undefined: none are made. */
  posters?: { ffmpeg: string; launcher: FfmpegLauncher };
  /** Shows the stream with low latency; undefined: it has none. */
  live?: LiveFeed | undefined;
  /** Whether the stream is certainly still this owner's. Asked at each write that the store does not fence. Default: it is. */
  isCertain?: () => boolean;
  log: Logger;
}

export interface HlsOutputOptions {
  streamId: string;
  run: string;
  /** The lease's fencing token. */
  token: string;
  /** A ladder has its own file names, even with one rung. */
  abr: boolean;
  renditions: readonly Rendition[];
  segmentSeconds: number;
  /** Segments in the live playlist. */
  window: number;
  /** Segments kept in the store behind the playlist; default: the window and 3. */
  graceSegments?: number;
  /** Every segment is kept, and listed by a recording at the end. */
  record?: boolean;
  /** Every segment is kept, and stays in the live playlist. */
  dvr?: boolean;
  /** Viewers need a token. */
  signed?: boolean;
  /** The stream had another owner before, which may not know yet that it has lost it. */
  takenOver?: boolean;
  /** Default: standard. With `low` viewers may have seen a part of a segment that nothing was kept of. */
  latency?: StreamLatency;
  /** That owner writes nothing more: it is dead, or ended in order. */
  isLeft?: boolean;
  /** Its encoder calls routers, which move the connection to the next owner, with what was sent last. */
  routed?: boolean;
  openTimeoutMs?: number;
}

export interface HlsOutputEvents {
  /** Once: a viewer can play `link`. */
  onPlayable(link: string): void;
  /** Once: publishing cannot go on without an operator. */
  onFault(error: AppError): void;
  /** Another worker publishes the stream: abandon(). */
  onFenced(): void;
  /** The owner before has published after all since it was taken to be gone: the stream has to be taken over again. */
  onStale?(): void;
  /** Closed segments left the spool without being stored: how many and why, as a sentence. */
  onDropped?(update: string): void;
  /** A segment is in its playlist in the store, so long (ms) after FFmpeg closed it. */
  onListed?(latencyMs: number, file: string): void;
  /** A segment of the live epoch was closed. */
  onClosed?(segment: ClosedSegment): void;
  /** Its upload has ended: it is stored, or given up. */
  onSettled?(segment: ClosedSegment): void;
  /** A segment is in its playlist as EXT-X-GAP. */
  onGapListed?(file: string): void;
}
