/** From a loss to when routers keep all of a stream, and from a segment's end to its playlist. */
const MARGIN_MS = 2_000;

/**
 * How much of a stream's media (ms) routers keep for its next worker: the segment that is not closed yet, and in front of it the one
 * that may not be listed, or what lies between key frames.
 */
export const ringMs = (segmentSeconds: number): number => Math.ceil(2 * segmentSeconds * 1_000) + MARGIN_MS;
