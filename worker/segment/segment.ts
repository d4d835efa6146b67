import type { Program } from './ts/tsProgram.ts';

/** Why a segment does not continue the one before it: a player needs EXT-X-DISCONTINUITY in front of it. */
export type BreakReason = 'timestamps' | 'tracks' | 'format';

export interface VideoInfo {
  /** RFC 6381, e.g. `avc1.64001f`. */
  codec: string;
  width: number;
  height: number;
  /** Frames a second, at most 3 decimals. */
  frameRate: number;
}

export interface AudioInfo {
  /** RFC 6381: `mp4a.40.2` AAC-LC, `mp4a.40.34` MP3. */
  codec: string;
  sampleRate: number;
}

/** A picture's place in a segment. */
export interface Frame {
  /** Bytes of the segment in front of the picture's first packet. */
  at: number;
  /** 90 kHz, unwrapped: they grow across the 33-bit wrap. */
  pts: number;
  dts: number;
  isKey: boolean;
}

/** A segment that is being filled. */
export interface OpenSegment {
  readonly number: number;
  readonly discontinuity: BreakReason | undefined;
  /** PTS of its first picture, ticks of 90 kHz, unwrapped. */
  readonly startTicks: number;
  /** So far. */
  readonly bytes: number;
  readonly frames: readonly Frame[];
}

/** A closed segment and its facts, so that it need not be read again. */
export interface Segment extends OpenSegment {
  /** Exact, from PTS: up to the next segment's first picture; before a break, to the end of the last one shown. */
  seconds: number;
  startsWithKey: boolean;
  /** Undefined: not H.264, or no SPS was seen yet. */
  video: VideoInfo | undefined;
  /** Undefined: no audio in this segment, or of no kind that HLS plays. */
  audio: AudioInfo | undefined;
  /** bit/s over the segment. */
  bitRate: number;
  /** The longest distance of two key frames inside it, seconds; 0: it has at most one. */
  keySeconds: number;
  /** Packets missing or out of order in the input. */
  continuityErrors: number;
  /** Pictures with a timestamp that was passed over. */
  badTimestamps: number;
}

/** Where a segmenter's segments go. Calls come in order, one at a time; buffers are whole packets and may be kept. */
export interface SegmentSink {
  /** The program whose tables come next in `onBytes`. */
  onTables?(program: Program): void;
  onOpen(segment: OpenSegment): void;
  /** The segment's next bytes; PAT and PMT come first. Two segments may grow in turns for a moment: see `onClose`. */
  onBytes(segment: OpenSegment, packets: Buffer): void;
  /** A picture begins; its bytes come next. Everything before `frame.at` that is video is whole. */
  onFrame?(segment: OpenSegment, frame: Frame): void;
  /** The late audio of a segment comes up to 0.5 s after the next one was opened; then it is closed. */
  onClose(segment: Segment): void;
}
