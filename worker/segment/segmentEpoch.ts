import type { AppError } from '../../common/errors.ts';
import type { PartSink } from './part.ts';
import type { PartTarget } from './partTarget.ts';
import type { Segment } from './segment.ts';
import type { SegmentTimes } from './segmentTimes.ts';

/** What an epoch of a stream with low latency is divided by. */
export interface EpochParts {
  target: PartTarget;
  /** Where a rendition's parts go. */
  sinkOf(rendition: number): PartSink;
}

/** A stretch of a stream with one source of media: a spool folder, and the number that its first segment gets. */
export interface SegmentEpoch {
  /** Absolute path of the folder for its files; exists and is empty. */
  dir: string;
  firstNumber: number;
  /** Name of a rendition's file. */
  fileOf(rendition: number, number: number): string;
  /**
   * A rendition's next segment is in the folder, under its final name. In order within a rendition.
   * @param times undefined: not known
   */
  closed(rendition: number, segment: Segment, times?: SegmentTimes): void;
  /** Removes a file that is no segment after all, and of which viewers know nothing. Never rejects. */
  discard(file: string): Promise<void>;
  /** The same for the last segment. Viewers may have its parts: then it is listed as a gap, since its number is used up. */
  leaveOut(rendition: number, segment: Segment): Promise<void>;
  /** Undefined: no parts are wanted. */
  readonly parts?: EpochParts | undefined;
  /** A segment could not be written and is lost. */
  failed(fault: AppError): void;
  /** Nothing more comes. Never rejects; may be called twice. */
  close(): Promise<void>;
}

/** Where what viewers have ends: a connection that was moved from another owner goes on there. 90 kHz, 33 bits. */
export interface ResumePoint {
  /** In the timestamps of what viewers have. */
  pts: number;
  /** In the encoder's: the PTS of the first picture that viewers do not have. */
  source: number;
  /** How it was made: what is made in another way needs EXT-X-DISCONTINUITY. */
  form: string;
}

/** Where a stream's segments go. Declared for those who make them; publish/ implements it. */
export interface EpochSink {
  /** Renditions that viewers of this run have: each later epoch has to have them too. */
  readonly made: readonly number[];
  /** Undefined: viewers have nothing, or it is not known where that ends. */
  readonly resumePoint?: ResumePoint | undefined;
  /**
   * Called before each source of media begins, one epoch at a time.
   * @param startedAt wall clock (ms) of its first byte
   * @param options.followsSource segments end with the key frames of the encoder, not with ours
   * @param options.renditions those that this epoch has
   */
  openEpoch(startedAt: number, options: EpochOptions): Promise<SegmentEpoch>;
}

export interface EpochOptions {
  followsSource: boolean;
  renditions: readonly number[];
  /** How it is made (ResumePoint.form). Absent: as nothing else. */
  form?: string;
  /** It may go on at the resume point: the encoder's timestamps are those of what viewers have. */
  resumes?: boolean;
}
