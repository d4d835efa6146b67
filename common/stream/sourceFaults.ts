/**
 * Why a source cannot be passed on and is transcoded instead: the field `fallback` of a stream. The one list; a test compares
 * docs/profiles.md with it.
 */
export const sourceFaults = {
  codec: 'The picture is not H.264 with 4:2:0 and 8 bits.',
  no_idr: 'The picture has no IDR frames, so no segment could be decoded alone.',
  no_sps: 'The picture has no parameter sets (SPS, PPS).',
  gop_too_long: 'Key frames are more than MAX_GOP_SECONDS apart.',
  resolution_changed: 'The size of the picture changed.',
  b_frames: 'Frames are reordered so deeply that segments cannot be cut.',
  rate_too_high: 'The source sends more than MAX_SOURCE_KBPS.',
  timestamps: 'The timestamps do not grow steadily.',
} as const;

export type SourceFault = keyof typeof sourceFaults;
