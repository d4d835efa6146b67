/** What a source has shown so far: what passing it on untouched depends on. */
export interface SourceFacts {
  /** FFmpeg's names, from the PMT; undefined: there is none. */
  videoCodec: string | undefined;
  /** RFC 6381, from the SPS: `avc1.64001f`; undefined: none was read. */
  videoProfile: string | undefined;
  audioCodecs: readonly string[];
  keyFrames: number;
  /** Key frames whose head was seen whole. */
  keysRead: number;
  /** Of these, those that no later picture looks back across. */
  keysWithIdr: number;
  keysWithSps: number;
  /** The longest distance of two key frames, or from the latest one to the latest picture; seconds. */
  keySeconds: number;
  width: number | undefined;
  height: number | undefined;
  /** How often size or profile changed. */
  formatChanges: number;
  /** How much earlier than shown a picture is decoded, at most; seconds. */
  reorderSeconds: number;
  /** The highest rate of a closed segment, kbit/s. */
  kbps: number;
  /** Breaks of the timeline. */
  timelineBreaks: number;
  /** Pictures with timestamps that were passed over, of all pictures. */
  badTimestamps: number;
  pictures: number;
  /** Media in closed segments, seconds. */
  seconds: number;
}

export const noFacts = (): SourceFacts => ({
  videoCodec: undefined,
  videoProfile: undefined,
  audioCodecs: [],
  keyFrames: 0,
  keysRead: 0,
  keysWithIdr: 0,
  keysWithSps: 0,
  keySeconds: 0,
  width: undefined,
  height: undefined,
  formatChanges: 0,
  reorderSeconds: 0,
  kbps: 0,
  timelineBreaks: 0,
  badTimestamps: 0,
  pictures: 0,
  seconds: 0,
});
