import type { SourceLimits } from '../segment/judgeSource.ts';

/** Every time and size that a transcode goes by. Milliseconds and bytes unless the name says otherwise. */
export interface TranscodeLimits {
  /** From the first picture on, how long announced audio is waited for before FFmpeg starts with silence. */
  audioWaitMs: number;
  /** Audio that came and then stays away for so long is replaced by silence. */
  audioGoneMs: number;
  /** A connected encoder that sends nothing. */
  nothingMs: number;
  /** From the first byte on, how long video in MPEG-TS may take to show. */
  noVideoMs: number;
  /** So many bytes without a single transport stream packet are no MPEG-TS. */
  noPacketsBytes: number;
  /** Media held back: before FFmpeg starts, and for an FFmpeg that is slower than the encoder. Past it, SRT is not read. */
  heldBytes: number;
  /** The largest picture that is decoded: width times height before cropping, rounded up to whole macroblocks. */
  maxPixels: number;
  /** Pictures a second. */
  maxFps: number;
  /** Without a random access point for so long (intra refresh), any picture will do as a start. */
  noRandomAccessSeconds: number;
  /** From closing stdin (or from the abort, whichever is first) to SIGKILL. */
  stopMs: number;
  /** Media goes in and no picture comes out, or FFmpeg takes no media, for so long: it hangs. */
  silentMs: number;
  /** FFmpeg may have made 1.5 times the media it got, and so many seconds more; past it a broken timestamp drives it. */
  runawaySeconds: number;
  /** How often the watchdog looks. */
  watchMs: number;
  /** Pauses before the restarts of an FFmpeg that failed, each twice the one before; the failure after the last is final. */
  restartMs: number;
  restarts: number;
  /** A change of the inputs after less video than this, in seconds, is one too early. */
  shortSpanSeconds: number;
  /** So many early changes in a row are free: audio comes late, an encoder starts twice. Each one after that is a failure. */
  shortSpans: number;
  /** What a source may be whose picture is copied. */
  source: SourceLimits;
  /** A process that ran well for so long has made up for the failures before it. */
  goodRunMs: number;
}

export const defaultLimits: Readonly<TranscodeLimits> = {
  audioWaitMs: 600,
  audioGoneMs: 3_000,
  nothingMs: 20_000,
  noVideoMs: 5_000,
  noPacketsBytes: 2_000_000,
  heldBytes: 8_000_000,
  maxPixels: 4_096 * 2_304,
  maxFps: 120,
  noRandomAccessSeconds: 10,
  stopMs: 3_000,
  silentMs: 10_000,
  runawaySeconds: 10,
  watchMs: 1_000,
  restartMs: 250,
  restarts: 4,
  shortSpanSeconds: 10,
  shortSpans: 2,
  source: { maxGopSeconds: 10, maxKbps: 12_000, maxReorderSeconds: 1, maxFormatChanges: 3, maxTimelineBreaks: 3 },
  goodRunMs: 60_000,
};
