/** The first segment is this short, so that the first playlist is there soon. */
const longestFirst = 1;

export interface SegmentTiming {
  /** Length of the first segment, seconds; all others have `segmentSeconds`. */
  first: number;
  /** How many key frame intervals a segment has. */
  gops: number;
}

/** Where segments are cut (first, first + s, first + 2 s, …) and how many key frames each has, so that every cut is on one. */
export function segmentTiming(segmentSeconds: number, gopSeconds: number): SegmentTiming {
  const first = Math.min(longestFirst, segmentSeconds);
  // A little less than a whole quotient must not add a key frame: 4.2 / 1.4 is 3.0000000000000004.
  return { first, gops: Math.max(1, Math.ceil(segmentSeconds / gopSeconds - 1e-6)) };
}
