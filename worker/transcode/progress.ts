/** How one FFmpeg process is doing; about one report a second while media flows. */
export interface Progress {
  /** Pictures encoded by this process (of the first rendition). */
  frames: number;
  /** Seconds of media made by this process. */
  seconds: number;
  /** Seconds of media made per second, over the last 10 s: below 1 the worker is too slow for the stream. */
  speed: number;
  /** Seconds of media that came in and are not made yet, by this process's count; one or two are ordinary. */
  behindSeconds: number;
  /** Pictures repeated to fill gaps, and left out, by this process. */
  duplicated: number;
  dropped: number;
}
