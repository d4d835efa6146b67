import type { Readable } from 'node:stream';
import type { Refusals } from '../../common/srt/refusalLog.ts';
import type { StreamSource } from '../../common/stream/streamSource.ts';
import type { IngestPlace } from '../ingest/findWay.ts';
import type { SrtStats } from '../ingest/srtStats.ts';
import type { HlsOutputEvents } from '../publish/hlsOutputContract.ts';
import type { EpochSink } from '../segment/segmentEpoch.ts';
import type { SourceChange } from '../transcode/sourceGuard.ts';
import type { TranscodeEnd } from '../transcode/transcode.ts';

/** An encoder that got in: its MPEG-TS ends when it is gone. */
export interface SessionEncoder {
  readonly peer: string;
  /** What it sent as stream id; holds the stream key. Absent: not known. */
  readonly streamId?: string;
  readonly media: Readable;
  /** libsrt's counts of the connection. */
  stats?(): SrtStats;
  close(): void;
}

/** The port of a stream, open: encoders that hold the key arrive through it. */
export interface SessionIngest {
  readonly port: number;
  /** How encoders and routers reach it, for the record. */
  readonly place: IngestPlace;
  readonly srtUrl: string;
  /** Of the key in it. */
  readonly urlGeneration: number;
  /** After the key or the passphrase was rotated: the new URL. Encoders whose key was revoked are disconnected. */
  rekey(): { srtUrl: string; urlGeneration: number; disconnected: number };
  /** `yieldPort`: the stream's next owner, another process, is to have its port. */
  close(options?: { yieldPort?: boolean }): Promise<void>;
}

export interface SessionIngestEvents {
  onEncoder(encoder: SessionEncoder): void;
  /** Encoders were refused: at most once a second. */
  onRefused(refusals: Refusals): void;
}

/** A stream's publishing, for this session. */
export interface SessionOutput extends EpochSink {
  suspend(): void;
  resume(): void;
  /**
   * Uploads what is left; `endList`: the stream is over and the playlist says so. Never rejects.
   * @param options.settleMs for how long the playlist waits for segments that are not stored yet
   */
  finish(options: { endList: boolean; settleMs?: number }): Promise<{ unstored: number; recordingLink?: string }>;
  /** Stops at once and writes nothing more. */
  abandon(): Promise<void>;
}

/** The phases of a stream's life, as this session needs them. */
export interface SessionPhases {
  openOutput(events: HlsOutputEvents, signal: AbortSignal): Promise<SessionOutput>;
  openIngest(events: SessionIngestEvents, signal: AbortSignal): Promise<SessionIngest>;
  /** Gives the port back that an owner before this one left leased, where this worker can. */
  givePortBack(): Promise<void>;
  transcode(
    encoder: SessionEncoder,
    sink: EpochSink,
    options: {
      signal: AbortSignal;
      /** Aborts when the stream goes on with another owner. */
      leaving: AbortSignal;
      /** Whether FFmpeg, which failed, may be started again. */
      mayRestart: (cause: Error) => Promise<boolean>;
      onSourceChange: (change: SourceChange) => void;
      /** Media begins, or goes on in another way. */
      onSource: (source: StreamSource) => void;
    },
  ): Promise<TranscodeEnd>;
  /** Viewers have the first segment of an encoder, so long (ms) after it connected. */
  onPlayable?(tookMs: number): void;
}

export interface SessionTimes {
  /** How long a new stream waits for its first encoder (ms). */
  connectMs: number;
  /** How long a stream waits for its encoder to come back (ms). */
  reconnectMs: number;
}
