/** One FFmpeg process's stretch of a stream: a spool folder of its own, and the number its first segment gets. */
export interface SegmentEpoch {
  /** Absolute path of the folder that FFmpeg writes into; exists and is empty. */
  dir: string;
  /** FFmpeg's -start_number, the same for all renditions. */
  firstNumber: number;
  /** FFmpeg is gone: take what it left closed. Resolves when the last segment was seen. Never throws. */
  close(): Promise<void>;
}

/** Where a transcode's segments go. Declared here by the one who calls it; publish/ implements it. */
export interface SegmentSink {
  /** Called before each FFmpeg process starts, one epoch at a time. `startedAt`: wall clock (ms) of its first media byte. */
  openEpoch(startedAt: number): Promise<SegmentEpoch>;
}
