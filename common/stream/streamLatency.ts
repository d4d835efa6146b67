import { z } from 'zod';

const latencies = ['standard', 'reduced', 'low'] as const;

/**
 * How far behind live a stream's viewers are: `reduced` makes shorter segments (REDUCED_SEGMENT_SECONDS); `low` makes them
 * too, and serves parts of them from the worker's memory (Low-Latency HLS).
 */
export const streamLatency = z.enum(latencies, { error: 'must be standard, reduced or low' });
export type StreamLatency = z.infer<typeof streamLatency>;

/** The latency of a run by its record. A record of a version that had none is standard. */
export const latencyOf = (recorded: string | undefined): StreamLatency =>
  streamLatency.safeParse(recorded).data ?? 'standard';
