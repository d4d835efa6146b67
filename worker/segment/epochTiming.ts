/** How the timestamps of an epoch's media lie to those of the encoder, and to what viewers have. 90 kHz, 33 bits. */
export interface EpochTiming {
  /** The encoder's PTS of the first picture that comes. `own`: the media has the encoder's timestamps. Undefined: not known. */
  sourceStart?: number | 'own' | undefined;
  /** All timestamps are moved, so that the first picture that comes has this PTS. Undefined: they stay. */
  startPts?: number | undefined;
  /** Viewers have what is before this PTS: segments begin with its key frame, or the next one. Undefined: with the first. */
  beginPts?: number | undefined;
  /** Whether the encoder's timestamps have gone on without a jump since the first picture. Default: they have. */
  isSteady?: () => boolean;
}
