import type { Rendition, VideoEncoder } from '../../common/config/encoding.ts';
import type { StreamLatency } from '../../common/stream/streamLatency.ts';
import type { StreamProfile } from '../../common/stream/streamProfile.ts';

/** How a stream is encoded. */
export interface Encoding {
  profile: StreamProfile;
  /** One for a single profile; a ladder from the largest to the smallest with `abr`. */
  renditions: readonly Rendition[];
  abr: boolean;
  /** Absent: standard. */
  latency?: StreamLatency;
  segmentSeconds: number;
  /** The longest distance of key frames; shortened until it divides a segment. */
  gopSeconds: number;
  /** Absent: libx264. */
  encoder?: VideoEncoder;
  /** Threads of each libx264 encode; absent or 0: libx264's own choice. */
  threads?: number;
  /** libx264's -preset. */
  preset: string;
  /** Hz. */
  audioRate: number;
}
