/** One second of a live stream's figures. Counts are those of this second, unless the comment says otherwise. */
export interface StreamSample {
  /** ms since 1970, the worker's clock. */
  time: number;
  /** Received from the encoder, kbit/s, retransmissions included. */
  kbps: number;
  rttMs: number;
  /** The SRT latency that was agreed with the encoder; 0: not known. */
  latencyMs: number;
  packets: number;
  /** Missing at first. Most of them come back as retransmissions. */
  lost: number;
  /** Never arrived in time: viewers may see damage. */
  dropped: number;
  retransmitted: number;
  /** Came after their time, needless retransmissions included. */
  belated: number;
  /** Could not be decrypted. */
  undecryptable: number;
  /** Media in libsrt's receive buffer, ms. */
  bufferMs: number;
  /** libsrt's estimate of the link, Mbit/s. */
  linkMbps: number;
  /** Pictures made. */
  fps: number;
  /** Seconds of media made per second, over the last 10 s. */
  speed: number;
  /** Seconds of media that came and are not made yet. */
  behindSeconds: number;
  duplicated: number;
  droppedFrames: number;
  /** Error lines in FFmpeg's log. */
  decodeErrors: number;
  /** Between the last two key frames of the source, or since the last one if that is longer; seconds. */
  keySeconds: number;
  /** Seconds since the source's audio came last; 0: it comes; -1: the source has no audio. */
  audioSilentSeconds: number;
  /** Jumps of the source's timestamps. */
  jumps: number;
  /** Packets of the source's MPEG-TS that are missing or out of order. */
  continuityErrors: number;
  /** From closed to listed, the slowest segment that was listed in this second, ms; -1: none was. */
  lagMs: number;
  /** Segments that are closed and not stored yet, and how long the oldest has waited (ms). */
  backlog: number;
  backlogMs: number;
  /** Failed PUTs of segments. */
  retries: number;
  /** Segments listed as gaps. */
  gaps: number;
  /** Of the last segment of each rendition, kbit/s. */
  renditionKbps: readonly number[];
}
