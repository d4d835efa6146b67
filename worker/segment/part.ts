import type { OpenSegment, Segment } from './segment.ts';

/** A piece of a segment that viewers get before the segment is whole (RFC 8216bis section 3.2). */
export interface Part {
  /** Number of its segment. */
  readonly number: number;
  /** It begins with a key frame. */
  readonly isIndependent: boolean;
  /** Never more than the part target. */
  readonly seconds: number;
  readonly data: Buffer;
}

/** Where a rendition's parts go, in order: a segment opens, its parts close one by one, it closes, the next one opens. */
export interface PartSink {
  onOpen(segment: Pick<OpenSegment, 'number' | 'discontinuity'>): void;
  onPart(part: Part): void;
  /** Its bytes are those of its parts, one behind the other. */
  onClose(segment: Pick<Segment, 'number' | 'seconds' | 'keySeconds' | 'bytes'>): void;
}
