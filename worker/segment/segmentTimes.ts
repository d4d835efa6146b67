import { ticksPerSecond, wrapTicks } from './ticks.ts';

/** Where a segment lies: in its own timestamps, and in those that the encoder gave its pictures. 90 kHz, 33 bits. */
export interface SegmentTimes {
  start: number;
  end: number;
  sourceStart: number;
  sourceEnd: number;
}

/** @param sourceOffset from the segment's timestamps to the encoder's, ticks */
export function segmentTimes(segment: { startTicks: number; seconds: number }, sourceOffset: number): SegmentTimes {
  const start = segment.startTicks;
  const end = start + segment.seconds * ticksPerSecond;
  return {
    ...{ start: wrapTicks(start), end: wrapTicks(end) },
    ...{ sourceStart: wrapTicks(start + sourceOffset), sourceEnd: wrapTicks(end + sourceOffset) },
  };
}
