import type { Rendition } from '../../../common/config/encoding.ts';
import type { SegmentInfo } from '../spool/closedSegment.ts';

/** Bit/s of TS for each kbit/s of elementary streams: 1090 to 1160 measured. */
const TS_RATE = 1_120;
/** Above the measured peak, so that the next one that is a little higher makes no new playlist. */
const PEAK_MARGIN = 1.05;

/** What is known of a rendition's rates and contents. */
export interface RenditionMeasure {
  nominal: Rendition;
  info: SegmentInfo | undefined;
  /** The highest rate of a segment so far, bit/s. */
  peak: number;
  bytes: number;
  seconds: number;
}

export const startMeasure = (nominal: Rendition): RenditionMeasure => ({
  nominal,
  info: undefined,
  peak: 0,
  bytes: 0,
  seconds: 0,
});

/**
 * Counts one segment in. A rate counts for the peak from half a target duration on (RFC 8216 section 4.3.4.2): a short
 * first segment is mostly its key frame.
 */
export function measure(
  before: RenditionMeasure,
  segment: { bytes: number; durationSeconds: number },
  segmentSeconds: number,
): RenditionMeasure {
  const rate = segment.durationSeconds >= segmentSeconds / 2 ? (segment.bytes * 8) / segment.durationSeconds : 0;
  return {
    ...before,
    peak: Math.max(before.peak, rate),
    bytes: before.bytes + segment.bytes,
    seconds: before.seconds + segment.durationSeconds,
  };
}

/** There are enough segments for an average. */
export const isMeasured = (of: RenditionMeasure, segmentSeconds: number): boolean => of.seconds >= 2 * segmentSeconds;

/**
 * BANDWIDTH and AVERAGE-BANDWIDTH, bit/s. The peak is the measured one but never below what the encoder may use: a quiet
 * beginning is no promise. The average is nominal until a few segments are there.
 */
export function bandwidth(of: RenditionMeasure, segmentSeconds: number): { peak: number; average: number } {
  const { video, maxrate = video, audio } = of.nominal;
  const peak = Math.max(of.peak * PEAK_MARGIN, (maxrate + audio) * TS_RATE);
  const average = isMeasured(of, segmentSeconds) ? (of.bytes * 8) / of.seconds : (video + audio) * TS_RATE;
  return { peak: Math.ceil(peak), average: Math.ceil(Math.min(average, peak)) };
}
