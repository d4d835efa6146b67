/** Between the worker's clock in a sample and a segment's times, and for a second of which a sample tells only the slowest segment. */
const TOLERANCE_MS = 1_500;

/**
 * How long each segment took from closed to listed (ms), from the samples, which say it of the slowest segment of their second.
 * @param {{time?: string, seconds: number, isGap?: boolean}[]} segments
 * @param {{time: string, listing_lag_ms: number | null}[]} samples oldest first
 * @returns {(number | undefined)[]} undefined: no sample tells
 */
export function segmentLags(segments, samples) {
  const listings = samples.flatMap(({ time, listing_lag_ms: lag }) =>
    lag === null ? [] : [{ lag, closedAt: Date.parse(time) - lag }],
  );
  return segments.map(({ time, seconds, isGap }) => {
    if (!time || isGap) return undefined;
    const closedAt = Date.parse(time) + seconds * 1_000;
    const near = listings
      .map(({ lag, closedAt: other }) => ({ lag, off: Math.abs(other - closedAt) }))
      .toSorted((a, b) => a.off - b.off)[0];
    return near && near.off <= TOLERANCE_MS ? near.lag : undefined;
  });
}
