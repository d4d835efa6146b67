/** What the source has shown so far, for the figures of the stream. */
export interface SourceFigures {
  /** TsInspector.keySeconds */
  keySeconds: number;
  /** Seconds since audio came last; -1: none is announced; undefined: not known yet. */
  audioSilentSeconds: number | undefined;
  /** In all. */
  jumps: number;
  /** In all. */
  continuityErrors: number;
}

/** Watches one connection's transcode. */
export interface TranscodeObserver {
  /** The transcode begins; `read` may be called until it ends. */
  onSource(read: (now: number) => SourceFigures): void;
  /** A line of FFmpeg's log. */
  onFfmpegLine(line: string): void;
}
