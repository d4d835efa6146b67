import type { AudioInfo, VideoInfo } from '../../segment/segment.ts';
import type { SegmentTimes } from '../../segment/segmentTimes.ts';

/** A segment that is complete on disk, under its final name. */
export interface ClosedSegment {
  rendition: number;
  number: number;
  /** Name within the epoch's folder. */
  file: string;
  durationSeconds: number;
  bytes: number;
  /** When its last byte was written, ms since 1970. */
  closedAt: number;
  /** It does not continue the timestamps, tracks or size of the one before it, though it is of the same epoch. */
  discontinuity: boolean;
  info: SegmentInfo;
  /** The longest distance of two key frames in it, seconds; 0: it has at most one. */
  keySeconds: number;
  /** Undefined: not known. */
  times?: SegmentTimes | undefined;
}

/** What a segment holds, for the multivariant playlist. Undefined: not there, or of no kind that HLS plays. */
export interface SegmentInfo {
  video: VideoInfo | undefined;
  audio: AudioInfo | undefined;
}
