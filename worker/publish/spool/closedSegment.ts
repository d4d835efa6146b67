/** A segment that is complete on disk, under its final name. */
export interface ClosedSegment {
  rendition: number;
  number: number;
  /** Name within the epoch's folder. */
  file: string;
  durationSeconds: number;
  bytes: number;
  /** When its last byte was written, ms since 1970. */
  closedAt: number;
}
